//! Bytes to a [`Picture`], within limits.
//!
//! The header is held against the limits before a pixel is decoded, and decoding runs in a thread of its own that is no
//! longer waited for after [`DECODE_SECONDS_MAX`]. It ends by itself: the sizes bound its work.

use std::{
    io::{Cursor, ErrorKind},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
    time::Duration,
};

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, metadata::Orientation,
};

use super::{
    Picture, PictureError,
    color::{self, Grey16},
    error::Format,
};

/// Longest side in pixels.
pub(super) const SIDE_MAX: u32 = 16_384;
/// Pixels in all.
pub(super) const PIXELS_MAX: u64 = 50_000_000;
/// Bytes of the file, and of the pixels as the decoder writes them.
pub(crate) const BYTES_MAX: u64 = 256 << 20;
/// How long a decoder is waited for.
pub(super) const DECODE_SECONDS_MAX: u64 = 5;

/// Width and height of the upright image in pixels, from its header alone.
///
/// # Errors
/// Empty, too large, of an unknown format, or a header that cannot be read.
pub(crate) fn probe(bytes: &[u8]) -> Result<(u32, u32), PictureError> {
    let format = format_of(bytes)?;
    caught(format, || {
        let mut decoder = open(bytes, format)?;
        let (width, height) = decoder.dimensions();
        let turned = matches!(
            orientation_of(&mut decoder),
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        );
        Ok(if turned { (height, width) } else { (width, height) })
    })
}

/// The picture in a file: its first frame, upright, in 8-bit RGB.
///
/// # Errors
/// What [`probe`] refuses, damaged or truncated pixels, or more than 5 s of decoding.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<Picture, PictureError> {
    decode_within(bytes, Duration::from_secs(DECODE_SECONDS_MAX))
}

pub(super) fn decode_within(bytes: Vec<u8>, limit: Duration) -> Result<Picture, PictureError> {
    let format = format_of(&bytes)?;
    let (sender, receiver) = mpsc::sync_channel(1);
    let work = move || {
        let result = caught(format, || decode_now(&bytes, format));
        // Nobody listens any more when it took too long.
        sender.send(result).ok();
    };
    thread::Builder::new().name("decode".into()).spawn(work).map_err(|_| PictureError::NoThread)?;
    receiver.recv_timeout(limit).map_err(|_| PictureError::TooSlow { limit_s: limit.as_secs() })?
}

/// Runs a decoder that others wrote: a panic in it is a damaged file.
fn caught<T>(format: Format, work: impl FnOnce() -> Result<T, PictureError>) -> Result<T, PictureError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(PictureError::Damaged { format }))
}

fn decode_now(bytes: &[u8], format: Format) -> Result<Picture, PictureError> {
    let mut decoder = open(bytes, format)?;
    if format == Format::Jpeg && !is_whole_jpeg(bytes) {
        return Err(PictureError::Truncated { format });
    }
    let orientation = orientation_of(&mut decoder);
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(|error| refusal(error, format))?;
    pixels.apply_orientation(orientation);
    let (width, height) = (pixels.width(), pixels.height());
    let grey16 = if format == Format::Png && png_is_grey(bytes) { Grey16::Clip } else { Grey16::HighByte };
    Ok(Picture { width, height, rgb: color::to_rgb(pixels, grey16) })
}

/// A decoder whose header has been read and held against the limits.
fn open(bytes: &[u8], format: Format) -> Result<impl ImageDecoder, PictureError> {
    let kind = match format {
        Format::Png => ImageFormat::Png,
        Format::Jpeg => ImageFormat::Jpeg,
        Format::WebP => ImageFormat::WebP,
        Format::Gif => ImageFormat::Gif,
        Format::Bmp => ImageFormat::Bmp,
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind);
    // The sides are checked below, where the error can name them.
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(BYTES_MAX);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| refusal(error, format))?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(PictureError::Damaged { format });
    }
    if width.max(height) > SIDE_MAX {
        return Err(PictureError::SideTooLong { width, height, limit: SIDE_MAX });
    }
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(PictureError::TooManyPixels { width, height, limit: PIXELS_MAX });
    }
    if decoder.total_bytes() > BYTES_MAX {
        return Err(PictureError::TooMuchMemory { found: decoder.total_bytes(), limit: BYTES_MAX });
    }
    Ok(decoder)
}

/// Broken EXIF data turns nothing, as with Pillow.
fn orientation_of(decoder: &mut impl ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

/// What a file is, by its first bytes.
fn format_of(bytes: &[u8]) -> Result<Format, PictureError> {
    if bytes.is_empty() {
        return Err(PictureError::Empty);
    }
    if bytes.len() as u64 > BYTES_MAX {
        return Err(PictureError::TooManyBytes { found: bytes.len() as u64, limit: BYTES_MAX });
    }
    let found = match image::guess_format(bytes) {
        Ok(ImageFormat::Png) => return Ok(Format::Png),
        Ok(ImageFormat::Jpeg) => return Ok(Format::Jpeg),
        Ok(ImageFormat::WebP) => return Ok(Format::WebP),
        Ok(ImageFormat::Gif) => return Ok(Format::Gif),
        Ok(ImageFormat::Bmp) => return Ok(Format::Bmp),
        Ok(ImageFormat::Tiff) => "a TIFF image",
        Ok(ImageFormat::Avif) => "an AVIF image",
        Ok(ImageFormat::Ico) => "an icon file",
        _ if is_svg(bytes) => "an SVG drawing",
        _ => "no image of a known format",
    };
    Err(PictureError::UnsupportedFormat { found })
}

/// Whether an `svg` element opens near the beginning of what looks like XML.
fn is_svg(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(4096)];
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    head.starts_with(b"<") && head.windows(4).any(|w| w == b"<svg")
}

/// Whether a JPEG has its own end marker.
///
/// The decoder fills what is missing with grey and reports success; a verdict on that would be one on another picture. What
/// is appended behind the marker, as cameras append films, is none of the picture. In the data of a scan 0xFF is followed by
/// zero or a restart marker; every other segment says how long it is.
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        while bytes.get(at).is_some_and(|byte| *byte != 0xFF) {
            at += 1;
        }
        while bytes.get(at) == Some(&0xFF) {
            at += 1;
        }
        match (bytes.get(at), bytes.get(at + 1..at + 3)) {
            (Some(0xD9), _) => return true,
            (Some(0x00 | 0x01 | 0xD0..=0xD7), _) => at += 1,
            (Some(_), Some(&[high, low])) => at += 1 + usize::from(u16::from_be_bytes([high, low])),
            _ => return false,
        }
    }
}

/// Whether a PNG's colour type (the header chunk's tenth byte) is grey without an alpha channel.
fn png_is_grey(bytes: &[u8]) -> bool {
    bytes.get(25) == Some(&0)
}

/// A decoder's error as a kind; its words are dropped, because they may quote the file.
fn refusal(error: ImageError, format: Format) -> PictureError {
    match error {
        ImageError::Unsupported(_) => PictureError::UnsupportedFeature { format },
        ImageError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => PictureError::Truncated { format },
        _ => PictureError::Damaged { format },
    }
}
