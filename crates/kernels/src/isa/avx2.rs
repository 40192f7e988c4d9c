//! AVX2 with FMA: sixteen numbers are two registers of eight. AVX-VNNI adds the dot product of four bytes.

#![allow(unsafe_code, reason = "instructions of the processor")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "each block is one instruction that the table's caller has; loads and stores reach one line, as the traits ask"
)]

use std::arch::x86_64::{
    __m256, __m256i, _CMP_LT_OQ, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT, _mm256_add_epi32,
    _mm256_add_ps, _mm256_andnot_ps, _mm256_castsi256_ps, _mm256_cmp_ps, _mm256_cvtepi32_ps,
    _mm256_cvtps_epi32, _mm256_div_ps, _mm256_dpbusd_avx_epi32, _mm256_fmadd_ps, _mm256_loadu_ps,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps, _mm256_round_ps,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_slli_epi32, _mm256_storeu_ps,
};

use crate::{
    isa::kernels,
    tile::{FloatDot, IntDot, Lanes},
};

/// Six rows: twelve registers of sums, two of weights, one of activations.
pub(crate) struct Avx2;

type F = [__m256; 2];
type I = [__m256i; 2];

impl Lanes for Avx2 {
    type F = F;
    const ROWS: usize = 6;
    const PANELS: usize = 1;

    #[inline(always)]
    unsafe fn splat(number: f32) -> F {
        unsafe { [_mm256_set1_ps(number); 2] }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> F {
        unsafe { [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))] }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, numbers: F) {
        unsafe {
            _mm256_storeu_ps(to, numbers[0]);
            _mm256_storeu_ps(to.add(8), numbers[1]);
        }
    }
    #[inline(always)]
    unsafe fn add(a: F, b: F) -> F {
        unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn mul(a: F, b: F) -> F {
        unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn div(a: F, b: F) -> F {
        unsafe { [_mm256_div_ps(a[0], b[0]), _mm256_div_ps(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn fma(a: F, b: F, c: F) -> F {
        unsafe { [_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])] }
    }
    #[inline(always)]
    unsafe fn max(a: F, b: F) -> F {
        unsafe { [_mm256_max_ps(a[0], b[0]), _mm256_max_ps(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn min(a: F, b: F) -> F {
        unsafe { [_mm256_min_ps(a[0], b[0]), _mm256_min_ps(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn round(a: F) -> F {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        unsafe { [_mm256_round_ps::<NEAREST>(a[0]), _mm256_round_ps::<NEAREST>(a[1])] }
    }
    #[inline(always)]
    unsafe fn exp2_of_integer(a: F) -> F {
        unsafe { [exp2_of_integer(a[0]), exp2_of_integer(a[1])] }
    }
    #[inline(always)]
    unsafe fn zero_below(value: F, x: F, threshold: F) -> F {
        unsafe {
            let below = _mm256_cmp_ps::<_CMP_LT_OQ>(x[0], threshold[0]);
            let below_too = _mm256_cmp_ps::<_CMP_LT_OQ>(x[1], threshold[1]);
            [_mm256_andnot_ps(below, value[0]), _mm256_andnot_ps(below_too, value[1])]
        }
    }
}

/// Puts the integer into the exponent.
#[inline(always)]
unsafe fn exp2_of_integer(a: __m256) -> __m256 {
    unsafe {
        let biased = _mm256_add_epi32(_mm256_cvtps_epi32(a), _mm256_set1_epi32(127));
        _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased))
    }
}

struct Multiply;

impl FloatDot<Avx2> for Multiply {
    type Line = F;
    type Word = __m256;

    #[inline(always)]
    unsafe fn line(from: *const u8) -> F {
        unsafe { Avx2::load(from.cast()) }
    }
    #[inline(always)]
    unsafe fn word(from: *const u32) -> __m256 {
        unsafe { _mm256_set1_ps(from.cast::<f32>().read()) }
    }
    #[inline(always)]
    unsafe fn step(sum: F, line: F, word: __m256) -> F {
        unsafe { [_mm256_fmadd_ps(line[0], word, sum[0]), _mm256_fmadd_ps(line[1], word, sum[1])] }
    }
}

/// A line of two registers of words.
#[inline(always)]
unsafe fn words(from: *const u8) -> I {
    unsafe { [_mm256_loadu_si256(from.cast()), _mm256_loadu_si256(from.add(32).cast())] }
}

/// i16 pairs: `vpmaddwd` is exact, where `vpmaddubsw` on bytes saturates.
struct Pairs;

impl IntDot<Avx2> for Pairs {
    type Sum = I;
    type Line = I;
    type Word = __m256i;
    const DEPTH: usize = 2;

    #[inline(always)]
    unsafe fn start(sum: i32) -> I {
        unsafe { [_mm256_set1_epi32(sum); 2] }
    }
    #[inline(always)]
    unsafe fn line(from: *const u8) -> I {
        unsafe { words(from) }
    }
    #[inline(always)]
    unsafe fn word(from: *const u32) -> __m256i {
        unsafe { _mm256_set1_epi32(from.cast::<i32>().read()) }
    }
    #[inline(always)]
    unsafe fn step(sum: I, line: I, word: __m256i) -> I {
        unsafe {
            let products = [_mm256_madd_epi16(line[0], word), _mm256_madd_epi16(line[1], word)];
            [_mm256_add_epi32(sum[0], products[0]), _mm256_add_epi32(sum[1], products[1])]
        }
    }
    #[inline(always)]
    unsafe fn float(sum: I) -> F {
        unsafe { [_mm256_cvtepi32_ps(sum[0]), _mm256_cvtepi32_ps(sum[1])] }
    }
}

kernels!(KERNELS, compiled, "avx2,fma,f16c", Avx2, Multiply, Pairs, None);

/// Packed bytes as they are: weights unsigned, activations signed, sums of four products that do not saturate.
struct Quads;

impl IntDot<Avx2> for Quads {
    type Sum = I;
    type Line = I;
    type Word = __m256i;
    const DEPTH: usize = 4;

    #[inline(always)]
    unsafe fn start(sum: i32) -> I {
        unsafe { Pairs::start(sum) }
    }
    #[inline(always)]
    unsafe fn line(from: *const u8) -> I {
        unsafe { words(from) }
    }
    #[inline(always)]
    unsafe fn word(from: *const u32) -> __m256i {
        unsafe { Pairs::word(from) }
    }
    #[inline(always)]
    unsafe fn step(sum: I, line: I, word: __m256i) -> I {
        unsafe {
            [_mm256_dpbusd_avx_epi32(sum[0], line[0], word), _mm256_dpbusd_avx_epi32(sum[1], line[1], word)]
        }
    }
    #[inline(always)]
    unsafe fn float(sum: I) -> F {
        unsafe { Pairs::float(sum) }
    }
}

kernels!(VNNI_KERNELS, compiled_vnni, "avx2,fma,f16c,avxvnni", Avx2, Multiply, Quads, None);
