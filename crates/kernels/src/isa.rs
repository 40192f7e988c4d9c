//! [`Isa`], the instruction sets, and [`Kernels`], what each provides: functions compiled for it, chosen once at run time.

#![allow(
    unsafe_code,
    reason = "functions compiled for an instruction set may run only where the processor has it"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub(crate) mod portable;

use std::{fmt, sync::OnceLock};

use half::f16;

use crate::{exponential::Activation, line::Line, norm::Affine, tile::Tile};

/// An instruction set that has kernels here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isa {
    /// Whatever the compiler makes of plain Rust; NEON on aarch64.
    Portable,
    /// AVX2, FMA and F16C.
    Avx2,
    /// AVX2 with 8-bit dot products of 256 bits.
    AvxVnni,
    /// AVX-512 with 8-bit dot products, and bf16 dot products where the processor has them.
    Avx512,
}

impl Isa {
    /// The best that this processor has, found once.
    #[must_use]
    pub fn best() -> Self {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| Self::available().into_iter().max().unwrap_or(Self::Portable))
    }

    /// All that this processor has.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let all = [Self::Portable, Self::Avx2, Self::AvxVnni, Self::Avx512];
        all.into_iter().filter(|isa| isa.is_available()).collect()
    }

    #[cfg(target_arch = "x86_64")]
    fn is_available(self) -> bool {
        let avx2 = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        match self {
            Self::Portable => true,
            Self::Avx2 => avx2,
            Self::AvxVnni => avx2 && is_x86_feature_detected!("avxvnni"),
            Self::Avx512 => {
                avx2 && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn is_available(self) -> bool {
        self == Self::Portable
    }

    /// Its functions.
    ///
    /// # Panics
    /// If this processor does not have it: that is what makes calling them sound.
    pub(crate) fn kernels(self) -> &'static Kernels {
        assert!(self.is_available(), "this processor has no {self}");
        match self {
            Self::Portable => &portable::KERNELS,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => &avx2::KERNELS,
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => &avx2::VNNI_KERNELS,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                if is_x86_feature_detected!("avx512bf16") {
                    &avx512::BF16_KERNELS
                } else {
                    &avx512::KERNELS
                }
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => unreachable!("asserted above"),
        }
    }
}

/// A row of weights to codes and scales, see [`crate::numbers::quantise_weights`].
pub(crate) fn quantise_weights(row: &[f32], codes: &mut [i8], scales: &mut [f16]) {
    // SAFETY: the table belongs to this processor.
    unsafe { (Isa::best().kernels().quantise_weights)(row, codes, scales) }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Portable => "portable",
            Self::Avx2 => "AVX2",
            Self::AvxVnni => "AVX-VNNI",
            Self::Avx512 => "AVX-512",
        })
    }
}

/// The functions of one instruction set. All are unsafe for one reason: the processor must have it, the pointers of a [`Tile`]
/// must reach as far as it says, and slices must be as long as the function's own contract says.
pub(crate) struct Kernels {
    /// Rows of the largest tile.
    pub rows: usize,
    /// Panels of the largest tile.
    pub panels: usize,
    /// Inputs a step of `int8`: 4 takes the packed bytes, 2 what `unpack_int8` makes of them.
    pub int8_depth: usize,
    /// f32 lines times packed f32 activations.
    pub float: unsafe fn(&Tile),
    /// f32 lines times f32 activations in rows.
    pub float_rows: unsafe fn(&Tile),
    /// Lines of bf16 pairs times packed pairs, where the processor multiplies them.
    pub bf16: Option<unsafe fn(&Tile)>,
    /// int8 lines times packed int8 activations.
    pub int8: unsafe fn(&Tile),
    /// Lines of bf16 pairs to twice as many of f32.
    pub unpack_bf16: unsafe fn(&[Line], &mut [Line]),
    /// Lines of four bytes to twice as many of i16 pairs.
    pub unpack_int8: unsafe fn(&[Line], &mut [Line]),
    /// Groups of a row of activations to bytes and scales.
    pub quantise: unsafe fn(&[f32], &mut [i8], &mut [f32]),
    /// Groups of a row of weights to bytes and scales.
    pub quantise_weights: unsafe fn(&[f32], &mut [i8], &mut [f16]),
    /// See [`crate::exponential::softmax`].
    pub softmax: unsafe fn(&mut [f32], f32) -> (f32, f32),
    /// See [`crate::exponential::gated`].
    pub gated: unsafe fn(Activation, &[f32], &mut [f32]),
    /// See [`crate::exponential::activate`].
    pub activate: unsafe fn(Activation, &mut [f32]),
    /// See [`crate::norm::layer_norm_row`].
    pub layer_norm: unsafe fn(&[f32], Affine<'_>, f32, &mut [f32]),
}

/// The table of an instruction set: the bodies of this crate compiled with its features.
macro_rules! kernels {
    ($name:ident, $module:ident, $($feature:literal)?, $lanes:ty, $float:ty, $int8:ty, $bf16:expr) => {
        pub(crate) static $name: $crate::isa::Kernels = $crate::isa::Kernels {
            rows: <$lanes as $crate::tile::Lanes>::ROWS,
            panels: <$lanes as $crate::tile::Lanes>::PANELS,
            int8_depth: <$int8 as $crate::tile::IntDot<$lanes>>::DEPTH,
            float: $module::float,
            float_rows: $module::float_rows,
            bf16: $bf16,
            int8: $module::int8,
            unpack_bf16: $module::unpack_bf16,
            unpack_int8: $module::unpack_int8,
            quantise: $module::quantise,
            quantise_weights: $module::quantise_weights,
            softmax: $module::softmax,
            gated: $module::gated,
            activate: $module::activate,
            layer_norm: $module::layer_norm,
        };

        mod $module {
            use half::f16;

            use super::*;
            use $crate::{
                exponential, exponential::Activation, line::Line, norm, norm::Affine, numbers, tile, tile::Tile,
            };

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn float(tile: &Tile) {
                unsafe { tile::float::<$lanes, $float, true>(tile) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn float_rows(tile: &Tile) {
                unsafe { tile::float::<$lanes, $float, false>(tile) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn int8(tile: &Tile) {
                unsafe { tile::int8::<$lanes, $int8>(tile) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn unpack_bf16(packed: &[Line], out: &mut [Line]) {
                numbers::unpack_bf16(packed, out);
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn unpack_int8(packed: &[Line], out: &mut [Line]) {
                numbers::unpack_int8(packed, out);
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn quantise(row: &[f32], codes: &mut [i8], scales: &mut [f32]) {
                numbers::quantise(row, codes, scales);
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn quantise_weights(row: &[f32], codes: &mut [i8], scales: &mut [f16]) {
                numbers::quantise_weights(row, codes, scales);
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn softmax(scores: &mut [f32], max: f32) -> (f32, f32) {
                unsafe { exponential::softmax::<$lanes>(scores, max) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn gated(activation: Activation, g: &[f32], y: &mut [f32]) {
                unsafe { exponential::gated::<$lanes>(activation, g, y) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn activate(activation: Activation, y: &mut [f32]) {
                unsafe { exponential::activate::<$lanes>(activation, y) }
            }

            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn layer_norm(x: &[f32], affine: Affine<'_>, eps: f32, y: &mut [f32]) {
                unsafe { norm::layer_norm_row::<$lanes>(x, affine, eps, y) }
            }
        }
    };
}
pub(crate) use kernels;
