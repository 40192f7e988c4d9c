//! Images: from the bytes of a file to the pixel values that a vision tower reads.
//!
//! [`probe`] reads the header alone, [`decode`] makes a [`Picture`], and a processor ([`qwen`], [`gemma`]) makes the values.
//! What the reference does, in this order, is done here:
//!
//! 1. the EXIF orientation is applied (`PIL.ImageOps.exif_transpose`, as `transformers.image_utils.load_image` does);
//! 2. the colours become 8-bit RGB, transparency laid over white (`transformers.image_transforms.convert_to_rgb`; see
//!    `color`);
//! 3. the picture is resized as torchvision resizes 8-bit tensors on the CPU (`resize`), rescaled and normalized.
//!
//! On PNG, BMP, GIF and WebP the values are the reference's to the bit. JPEG is decoded by another library than the
//! reference's: on the files that `golden_tests` compares no decoded value is more than 4 of 255 levels away and no pixel
//! value more than 0.0314 (0.0038 on average over an image); pure noise of 801 x 603 pixels reached 5 levels.
//!
//! No candle here, and nothing of the file system: paths, links and names are the caller's.

mod color;
mod decode;
mod error;
pub(crate) mod gemma;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod hostile_tests;
pub(crate) mod qwen;
mod resize;
mod settings;

pub(crate) use decode::{BYTES_MAX, decode, probe};
pub(crate) use error::PictureError;

/// A decoded image: upright, opaque, 8 bits a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `[height, width, 3]`: red, green, blue, row by row.
    pub rgb: Vec<u8>,
}
