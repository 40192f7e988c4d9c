//! Why an image cannot be used.

use std::fmt;

/// The formats that are read. What a file is comes from its content, never from its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Png,
    Jpeg,
    WebP,
    Gif,
    Bmp,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
        })
    }
}

/// Why an image cannot be used: half a sentence that follows "image 2 cannot be used: ".
///
/// The decoders' own words are left out, because they may quote the file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum PictureError {
    #[error("its file is empty")]
    Empty,
    #[error("its file has {found} bytes, more than the {limit} that are read")]
    TooManyBytes { found: u64, limit: u64 },
    #[error("it is {found}; PNG, JPEG, WebP, GIF and BMP can be read")]
    UnsupportedFormat { found: &'static str },
    #[error("it is a {format} file with a feature that is not supported; save it again as a plain PNG")]
    UnsupportedFeature { format: Format },
    #[error("it is {width} x {height} pixels, more than {limit} on a side")]
    SideTooLong { width: u32, height: u32, limit: u32 },
    #[error("it is {width} x {height} pixels, more than the {limit} in all that are read")]
    TooManyPixels { width: u32, height: u32, limit: u64 },
    #[error("decoding it takes {found} bytes of memory, more than the {limit} that are allowed")]
    TooMuchMemory { found: u64, limit: u64 },
    #[error("decoding it takes more than {limit_s} seconds")]
    TooSlow { limit_s: u64 },
    #[error("its {format} file is cut short; copy it again")]
    Truncated { format: Format },
    #[error("its {format} file is damaged")]
    Damaged { format: Format },
    #[error("the system started no thread to decode it in; close other programs and try again")]
    NoThread,
    #[error("its longer side is {found:.1} times the shorter; this guard takes at most {limit} times")]
    AspectRatio { found: f64, limit: u32 },
}
