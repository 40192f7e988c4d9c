//! AVX-512: sixteen numbers are one register, a tile is two panels wide. 8-bit dot products, and bf16 where there are any.

#![allow(unsafe_code, reason = "instructions of the processor")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "each block is one instruction that the table's caller has; loads and stores reach one line, as the traits ask"
)]

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _CMP_LT_OQ, _mm512_add_epi32, _mm512_add_ps, _mm512_castsi512_ps,
    _mm512_cmp_ps_mask, _mm512_cvtepi32_ps, _mm512_cvtps_epi32, _mm512_div_ps, _mm512_dpbf16_ps,
    _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_maskz_mov_ps,
    _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps, _mm512_roundscale_ps, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_slli_epi32, _mm512_storeu_ps,
};

use crate::{
    isa::kernels,
    tile::{self, FloatDot, IntDot, Lanes, Tile},
};

/// Eight rows of two panels: sixteen registers of sums, two of weights.
pub(crate) struct Avx512;

impl Lanes for Avx512 {
    type F = __m512;
    const ROWS: usize = 8;
    const PANELS: usize = 2;

    #[inline(always)]
    unsafe fn splat(number: f32) -> __m512 {
        unsafe { _mm512_set1_ps(number) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m512 {
        unsafe { _mm512_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, numbers: __m512) {
        unsafe { _mm512_storeu_ps(to, numbers) }
    }
    #[inline(always)]
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn div(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    unsafe fn max(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn min(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn round(a: __m512) -> __m512 {
        // No digits behind the point (high half 0), to nearest with ties to even (0).
        unsafe { _mm512_roundscale_ps::<0>(a) }
    }
    #[inline(always)]
    unsafe fn exp2_of_integer(a: __m512) -> __m512 {
        unsafe {
            let biased = _mm512_add_epi32(_mm512_cvtps_epi32(a), _mm512_set1_epi32(127));
            _mm512_castsi512_ps(_mm512_slli_epi32::<23>(biased))
        }
    }
    #[inline(always)]
    unsafe fn zero_below(value: __m512, x: __m512, threshold: __m512) -> __m512 {
        unsafe { _mm512_maskz_mov_ps(!_mm512_cmp_ps_mask::<_CMP_LT_OQ>(x, threshold), value) }
    }
}

struct Multiply;

impl FloatDot<Avx512> for Multiply {
    type Line = __m512;
    type Word = __m512;

    #[inline(always)]
    unsafe fn line(from: *const u8) -> __m512 {
        unsafe { _mm512_loadu_ps(from.cast()) }
    }
    #[inline(always)]
    unsafe fn word(from: *const u32) -> __m512 {
        unsafe { _mm512_set1_ps(from.cast::<f32>().read()) }
    }
    #[inline(always)]
    unsafe fn step(sum: __m512, line: __m512, word: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(line, word, sum) }
    }
}

/// Packed bytes as they are: weights unsigned, activations signed, sums of four products that do not saturate.
struct Quads;

impl IntDot<Avx512> for Quads {
    type Sum = __m512i;
    type Line = __m512i;
    type Word = __m512i;
    const DEPTH: usize = 4;

    #[inline(always)]
    unsafe fn start(sum: i32) -> __m512i {
        unsafe { _mm512_set1_epi32(sum) }
    }
    #[inline(always)]
    unsafe fn line(from: *const u8) -> __m512i {
        unsafe { _mm512_loadu_si512(from.cast()) }
    }
    #[inline(always)]
    unsafe fn word(from: *const u32) -> __m512i {
        unsafe { _mm512_set1_epi32(from.cast::<i32>().read()) }
    }
    #[inline(always)]
    unsafe fn step(sum: __m512i, line: __m512i, word: __m512i) -> __m512i {
        unsafe { _mm512_dpbusd_epi32(sum, line, word) }
    }
    #[inline(always)]
    unsafe fn float(sum: __m512i) -> __m512 {
        unsafe { _mm512_cvtepi32_ps(sum) }
    }
}

kernels!(
    KERNELS,
    compiled,
    "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni",
    Avx512,
    Multiply,
    Quads,
    None
);

/// Pairs of bf16: products and their sum in f32, subnormal numbers taken as zero.
struct Bf16Pairs;

impl FloatDot<Avx512> for Bf16Pairs {
    type Line = __m512bh;
    type Word = __m512bh;

    #[inline(always)]
    unsafe fn line(from: *const u8) -> __m512bh {
        unsafe { std::mem::transmute::<__m512i, __m512bh>(_mm512_loadu_si512(from.cast())) }
    }
    #[inline(always)]
    unsafe fn word(from: *const u32) -> __m512bh {
        unsafe { std::mem::transmute::<__m512i, __m512bh>(_mm512_set1_epi32(from.cast::<i32>().read())) }
    }
    #[inline(always)]
    unsafe fn step(sum: __m512, line: __m512bh, word: __m512bh) -> __m512 {
        unsafe { _mm512_dpbf16_ps(sum, line, word) }
    }
}

#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16")]
unsafe fn bf16(tile: &Tile) {
    unsafe { tile::float::<Avx512, Bf16Pairs, true>(tile) }
}

kernels!(
    BF16_KERNELS,
    compiled_bf16,
    "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16",
    Avx512,
    Multiply,
    Quads,
    Some(bf16)
);
