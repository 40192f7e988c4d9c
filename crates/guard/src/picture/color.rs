//! Decoded pixels of any kind to 8-bit RGB, as Pillow and `transformers` do it.

use image::DynamicImage;

/// What to do with 16 bits of grey.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Grey16 {
    /// Pillow keeps a PNG's 16-bit grey as it is (mode `I;16`), and its conversion to RGB clips at 255.
    Clip,
    /// Everything else of 16 bits is cut to its high byte while it is read.
    HighByte,
}

/// 8-bit RGB, `[height, width, 3]`.
///
/// Grey is repeated; transparency is laid over white with the integer arithmetic of `PIL.Image.alpha_composite`; of
/// 16 bits the high byte is kept, but see [`Grey16`].
pub(super) fn to_rgb(pixels: DynamicImage, grey16: Grey16) -> Vec<u8> {
    let high = |value: u16| (value >> 8) as u8;
    let grey = |value: u16| if grey16 == Grey16::Clip { value.min(255) as u8 } else { high(value) };
    match pixels {
        DynamicImage::ImageRgb8(image) => image.into_raw(),
        DynamicImage::ImageLuma8(image) => image.into_raw().into_iter().flat_map(|v| [v; 3]).collect(),
        DynamicImage::ImageLuma16(image) => image.iter().flat_map(|v| [grey(*v); 3]).collect(),
        DynamicImage::ImageRgb16(image) => image.iter().map(|v| high(*v)).collect(),
        DynamicImage::ImageLumaA8(image) => {
            image.pixels().flat_map(|p| over_white([p.0[0]; 3], p.0[1])).collect()
        }
        DynamicImage::ImageRgba8(image) => {
            image.pixels().flat_map(|p| over_white([p.0[0], p.0[1], p.0[2]], p.0[3])).collect()
        }
        DynamicImage::ImageLumaA16(image) => {
            image.pixels().flat_map(|p| over_white([grey(p.0[0]); 3], high(p.0[1]))).collect()
        }
        DynamicImage::ImageRgba16(image) => image
            .pixels()
            .flat_map(|p| over_white([p.0[0], p.0[1], p.0[2]].map(high), high(p.0[3])))
            .collect(),
        // Floating point: none of the formats that are read has it.
        other => other.into_rgb8().into_raw(),
    }
}

/// Pillow's `alpha_composite` on an opaque white background: 7 bits of extra precision, division by 255 by shifts.
fn over_white(color: [u8; 3], alpha: u8) -> [u8; 3] {
    let alpha = u32::from(alpha);
    color.map(|value| {
        let sum = ((u32::from(value) * alpha + 255 * (255 - alpha)) << 7) + (0x80 << 7);
        ((((sum >> 8) + sum) >> 8) >> 7) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transparency_is_laid_over_white() {
        assert_eq!(over_white([10, 20, 30], 255), [10, 20, 30], "opaque stays");
        assert_eq!(over_white([10, 20, 30], 0), [255; 3], "nothing there is white");
        assert_eq!(over_white([0, 100, 255], 128), [127, 177, 255], "half and half");
    }
}
