//! Pictures as far as the desk looks into them: the size that a header states, and a small copy for lists.
//!
//! What an image states is not believed: nothing is decoded before its header was held against the limits, and the decoder
//! gets them too; a panic in it is a damaged picture. The limits are the guard's, so that what is imported can be judged. Judging
//! decodes images by itself, in the guard's process.

use std::{
    fs::File,
    io::{BufRead, BufReader, Cursor, Seek},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use image::{
    DynamicImage, ImageDecoder, ImageError as DecodingError, ImageFormat, ImageReader, Limits,
    codecs::jpeg::JpegEncoder, metadata::Orientation,
};

use crate::alike::Pdq;

/// Longest side of an image, in pixels.
pub const SIDE_MAX: u32 = 16_384;
/// Most pixels of an image.
pub const PIXELS_MAX: u64 = 50_000_000;
/// Longest side of a thumbnail, in pixels.
pub const THUMBNAIL_SIDE_MAX: u32 = 160;

/// Most bytes of an image once it is decoded.
pub const DECODED_BYTES_MAX: u64 = 256 << 20;

/// Longest side of what pictures are compared by, in pixels.
const LOOKED_AT_SIDE_MAX: u32 = 512;

const THUMBNAIL_QUALITY: u8 = 80;

/// Why a picture cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// Its format, or what its header states, cannot be read.
    #[error("it is damaged or was not copied whole")]
    Damaged,
    /// Larger than images may be.
    #[error(
        "it has {width} x {height} pixels; a side has at most {SIDE_MAX} and the whole at most {PIXELS_MAX}"
    )]
    TooManyPixels {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// Within the pixels that images may have, but with too many bytes for each.
    #[error("it takes {bytes} bytes of memory; {DECODED_BYTES_MAX} are the most")]
    TooManyBytes {
        /// Once it is decoded.
        bytes: u64,
    },
}

/// A small copy of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail {
    /// "image/png" or "image/jpeg".
    pub media_type: &'static str,
    /// The encoded picture.
    pub bytes: Vec<u8>,
}

/// Width and height in pixels as a picture is shown, its orientation applied, by its header alone.
///
/// # Errors
/// See [`PictureError`]; a file that cannot be opened is damaged too.
pub fn size(path: &Path) -> Result<(u32, u32), PictureError> {
    caught(|| {
        let file = File::open(path).map_err(|_| PictureError::Damaged)?;
        let mut decoder = open(BufReader::new(file))?;
        let (width, height) = decoder.dimensions();
        let sideways = matches!(
            orientation(&mut decoder),
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        );
        Ok(if sideways { (height, width) } else { (width, height) })
    })
}

/// A copy of at most [`THUMBNAIL_SIDE_MAX`] pixels a side, turned as the picture is shown: PNG if it may be transparent, else
/// JPEG. Takes as long as decoding the picture does.
///
/// # Errors
/// See [`PictureError`].
pub fn thumbnail(encoded: &[u8]) -> Result<Thumbnail, PictureError> {
    caught(|| small_copy(open(Cursor::new(encoded))?))
}

fn small_copy(mut decoder: impl ImageDecoder) -> Result<Thumbnail, PictureError> {
    let damaged = |_: DecodingError| PictureError::Damaged;
    let orientation = orientation(&mut decoder);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    if picture.width().max(picture.height()) > THUMBNAIL_SIDE_MAX {
        picture = picture.thumbnail(THUMBNAIL_SIDE_MAX, THUMBNAIL_SIDE_MAX);
    }
    picture.apply_orientation(orientation);
    let mut bytes = Cursor::new(Vec::new());
    let media_type = if picture.color().has_alpha() {
        let picture = DynamicImage::from(picture.into_rgba8());
        picture.write_to(&mut bytes, ImageFormat::Png).map_err(damaged)?;
        "image/png"
    } else {
        let encoder = JpegEncoder::new_with_quality(&mut bytes, THUMBNAIL_QUALITY);
        picture.into_rgb8().write_with_encoder(encoder).map_err(damaged)?;
        "image/jpeg"
    };
    Ok(Thumbnail { media_type, bytes: bytes.into_inner() })
}

/// What a picture looks like. `None` for one that cannot be decoded, and for one with too little to see. Takes as long as decoding
/// the picture does.
pub(crate) fn looks(path: &Path) -> Option<Pdq> {
    let looks = caught(|| {
        let file = File::open(path).map_err(|_| PictureError::Damaged)?;
        let mut decoder = open(BufReader::new(file))?;
        let orientation = orientation(&mut decoder);
        let mut picture = DynamicImage::from_decoder(decoder).map_err(|_| PictureError::Damaged)?;
        if picture.width().max(picture.height()) > LOOKED_AT_SIDE_MAX {
            picture = picture.thumbnail(LOOKED_AT_SIDE_MAX, LOOKED_AT_SIDE_MAX);
        }
        picture.apply_orientation(orientation);
        let picture = picture.into_rgb8();
        let luminance: Vec<f32> = picture
            .pixels()
            .map(|pixel| {
                let [red, green, blue] = pixel.0.map(f32::from);
                0.299 * red + 0.587 * green + 0.114 * blue
            })
            .collect();
        Ok(Pdq::of(&luminance, usize::try_from(picture.width()).unwrap_or(0)))
    });
    looks.ok().flatten()
}

/// Runs a decoder that others wrote: a panic in it is a damaged picture.
fn caught<T>(work: impl FnOnce() -> Result<T, PictureError>) -> Result<T, PictureError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(PictureError::Damaged))
}

/// How a picture is turned; one that says it unreadably is not, as for the guard.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

/// A decoder of a picture whose header is within the limits.
fn open<'a>(encoded: impl BufRead + Seek + 'a) -> Result<impl ImageDecoder + 'a, PictureError> {
    let mut reader = ImageReader::new(encoded).with_guessed_format().map_err(|_| PictureError::Damaged)?;
    let known = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp];
    if !reader.format().is_some_and(|format| known.contains(&format)) {
        return Err(PictureError::Damaged);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|_| PictureError::Damaged)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > SIDE_MAX || pixels > PIXELS_MAX {
        return Err(PictureError::TooManyPixels { width, height });
    }
    if pixels == 0 {
        return Err(PictureError::Damaged);
    }
    let bytes = decoder.total_bytes();
    if bytes > DECODED_BYTES_MAX {
        return Err(PictureError::TooManyBytes { bytes });
    }
    Ok(decoder)
}

#[cfg(test)]
pub(crate) mod tests {
    use image::{Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;

    /// A PNG of one colour.
    pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
        encoded(RgbImage::from_pixel(width, height, Rgb([200, 30, 30])).into(), ImageFormat::Png)
    }

    fn encoded(picture: DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    #[test]
    fn the_size_is_read_from_the_header_alone() {
        let whole = png(40, 30);
        assert_eq!(size(file(&whole).path()), Ok((40, 30)));
        assert_eq!(size(file(&whole[..60]).path()), Ok((40, 30)), "the pixels are not looked at");
        assert_eq!(size(file(&whole[..20]).path()), Err(PictureError::Damaged));
    }

    #[test]
    fn a_header_that_states_too_much_is_refused_before_anything_is_decoded() {
        let bomb = png_that_states(20_000, 10);
        let refused = Err(PictureError::TooManyPixels { width: 20_000, height: 10 });
        assert_eq!(size(file(&bomb).path()), refused);
        assert_eq!(thumbnail(&bomb).map(|_| (0, 0)), refused);
    }

    #[test]
    fn what_the_guard_would_refuse_for_its_bytes_is_refused_here_too() {
        // 48 million pixels of four channels with sixteen bits each.
        let deep = png_of_kind(8_000, 6_000, [16, 6]);
        let refused = Err(PictureError::TooManyBytes { bytes: 384_000_000 });
        assert_eq!(size(file(&deep).path()), refused);
        assert_eq!(thumbnail(&deep).map(|_| (0, 0)), refused);
        assert_eq!(size(file(&png_of_kind(8_000, 6_000, [8, 6])).path()), Ok((8_000, 6_000)));
    }

    #[test]
    fn a_panic_of_a_decoder_is_a_damaged_picture() {
        assert_eq!(caught::<()>(|| panic!("a decoder")), Err(PictureError::Damaged));
    }

    /// The decoder of a picture that cannot say how it is turned.
    struct BrokenExif(RgbImage);

    impl ImageDecoder for BrokenExif {
        fn dimensions(&self) -> (u32, u32) {
            self.0.dimensions()
        }
        fn color_type(&self) -> image::ColorType {
            image::ColorType::Rgb8
        }
        fn exif_metadata(&mut self) -> image::ImageResult<Option<Vec<u8>>> {
            Err(DecodingError::IoError(std::io::ErrorKind::UnexpectedEof.into()))
        }
        fn read_image(self, pixels: &mut [u8]) -> image::ImageResult<()> {
            pixels.copy_from_slice(&self.0);
            Ok(())
        }
        fn read_image_boxed(self: Box<Self>, pixels: &mut [u8]) -> image::ImageResult<()> {
            (*self).read_image(pixels)
        }
    }

    #[test]
    fn broken_exif_turns_nothing() {
        let small = small_copy(BrokenExif(RgbImage::new(3, 5))).unwrap();
        assert_eq!(size(file(&small.bytes).path()), Ok((3, 5)));
    }

    /// A PNG of one pixel whose header states another size.
    pub(crate) fn png_that_states(width: u32, height: u32) -> Vec<u8> {
        png_of_kind(width, height, [8, 2])
    }

    /// The same with a bit depth and a colour type.
    fn png_of_kind(width: u32, height: u32, kind: [u8; 2]) -> Vec<u8> {
        let mut bytes = png(1, 1);
        // Width, height, depth and colours of the header chunk, and its checksum.
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        bytes[24..26].copy_from_slice(&kind);
        let checksum = crc32(&bytes[12..29]).to_be_bytes();
        bytes[29..33].copy_from_slice(&checksum);
        bytes
    }

    /// The checksum of PNG's chunks, ISO 3309.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
        })
    }

    #[test]
    fn a_thumbnail_is_small_and_keeps_its_proportions() {
        let small = thumbnail(&png(800, 400)).unwrap();
        assert_eq!(small.media_type, "image/jpeg");
        assert_eq!(size(file(&small.bytes).path()), Ok((160, 80)));
        let tiny = thumbnail(&png(3, 5)).unwrap();
        assert_eq!(size(file(&tiny.bytes).path()), Ok((3, 5)), "a small picture is not blown up");
    }

    #[test]
    fn a_picture_that_may_be_transparent_stays_so() {
        let clear = RgbaImage::from_pixel(200, 200, Rgba([0, 0, 0, 0])).into();
        let small = thumbnail(&encoded(clear, ImageFormat::WebP)).unwrap();
        assert_eq!(small.media_type, "image/png");
        let read = image::load_from_memory(&small.bytes).unwrap().into_rgba8();
        assert_eq!(read.get_pixel(80, 80).0[3], 0);
    }

    #[test]
    fn a_picture_that_ends_in_the_middle_has_no_thumbnail() {
        let whole =
            encoded(RgbImage::from_fn(64, 64, |x, y| Rgb([x as u8, y as u8, 7])).into(), ImageFormat::Png);
        assert_eq!(thumbnail(&whole[..whole.len() / 2]), Err(PictureError::Damaged));
    }
}
