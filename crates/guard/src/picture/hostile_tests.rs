//! Files that want to crash, hang or fill the memory: each is a picture or an error, soon.

use std::{
    fs,
    io::Cursor,
    time::{Duration, Instant},
};

use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

use super::{
    Picture, PictureError, decode,
    decode::{BYTES_MAX, DECODE_SECONDS_MAX, PIXELS_MAX, SIDE_MAX, decode_within},
    error::Format,
    golden_tests::golden,
    probe,
};

fn file(name: &str) -> Vec<u8> {
    fs::read(golden().join(name)).unwrap()
}

/// CRC-32 as PNG has it, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// A small, valid PNG whose header claims another size.
fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = file("one-pixel.png");
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

fn refused(bytes: Vec<u8>) -> PictureError {
    let begin = Instant::now();
    let of_header = probe(&bytes).expect_err("the header is enough to refuse it");
    assert_eq!(decode(bytes), Err(of_header.clone()), "decoding refuses what probing refuses");
    assert!(begin.elapsed() < Duration::from_secs(1), "nothing was decoded for that");
    of_header
}

#[test]
fn a_decompression_bomb_is_refused_by_its_header() {
    let side = PictureError::SideTooLong { width: 60_000, height: 60_000, limit: SIDE_MAX };
    assert_eq!(refused(png_claiming(60_000, 60_000)), side);
    let pixels = PictureError::TooManyPixels { width: 16_000, height: 16_000, limit: PIXELS_MAX };
    assert_eq!(refused(png_claiming(16_000, 16_000)), pixels);
    let side = PictureError::SideTooLong { width: 20_000, height: 10, limit: SIDE_MAX };
    assert_eq!(refused(png_claiming(20_000, 10)), side);
    let mut deep = png_claiming(7_000, 7_000);
    // 16 bits, red, green, blue and alpha.
    deep[24..26].copy_from_slice(&[16, 6]);
    let sum = crc(&deep[12..29]);
    deep[29..33].copy_from_slice(&sum.to_be_bytes());
    let memory = PictureError::TooMuchMemory { found: 7_000 * 7_000 * 8, limit: BYTES_MAX };
    assert_eq!(refused(deep), memory);
}

#[test]
fn a_header_within_the_limits_whose_pixels_are_missing_is_refused_when_it_is_decoded() {
    let bytes = png_claiming(7_000, 7_000);
    assert_eq!(probe(&bytes), Ok((7_000, 7_000)));
    assert!(decode(bytes).is_err(), "its pixels end after the first");
}

#[test]
fn what_is_no_image_of_a_known_format_is_refused_whatever_its_name() {
    assert_eq!(refused(Vec::new()), PictureError::Empty);
    let unknown = PictureError::UnsupportedFormat { found: "no image of a known format" };
    assert_eq!(refused(b"just some words in a file named .png".to_vec()), unknown);
    let svg = PictureError::UnsupportedFormat { found: "an SVG drawing" };
    assert_eq!(refused(b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()), svg);
    assert_eq!(refused(b"\xEF\xBB\xBF <?xml version='1.0'?>\n<!-- a -->\n<svg/>".to_vec()), svg);
    let tiff = PictureError::UnsupportedFormat { found: "a TIFF image" };
    assert_eq!(refused(b"II*\0\x08\0\0\0".to_vec()), tiff);
}

#[test]
fn a_file_that_is_too_large_is_refused_unread() {
    let limit = BYTES_MAX;
    let bytes = vec![0; limit as usize + 1];
    assert_eq!(probe(&bytes), Err(PictureError::TooManyBytes { found: limit + 1, limit }));
}

#[test]
fn a_file_that_is_cut_short_is_refused_in_every_format() {
    let files = [
        ("photo-97x61.png", Format::Png),
        ("jpeg/q90-420.jpg", Format::Jpeg),
        ("jpeg/progressive.jpg", Format::Jpeg),
        ("lossless.webp", Format::WebP),
        ("lossy.webp", Format::WebP),
        ("moving.gif", Format::Gif),
        ("plain.bmp", Format::Bmp),
    ];
    for (name, format) in files {
        let bytes = file(name);
        // The first frame is asked for: an animation may lose the later ones.
        let whole = if name == "moving.gif" { bytes.len() / 3 } else { bytes.len() };
        for kept in [whole / 4, whole / 2, whole * 9 / 10] {
            let found = decode(bytes[..kept].to_vec());
            let expected = [PictureError::Truncated { format }, PictureError::Damaged { format }];
            let error = found.expect_err("a part of a picture is another picture");
            assert!(expected.contains(&error), "{name} cut to {kept} bytes: {error:?}");
        }
    }
}

#[test]
fn what_a_camera_appends_to_a_jpeg_is_none_of_the_picture() {
    let whole = file("jpeg/q60-420.jpg");
    let expected = decode(whole.clone()).unwrap();
    for appended in [&[0xFF, 0xDA, 0, 0][..], b"ftypmp42", &[0xFF, 0xD8, 0xFF]] {
        assert_eq!(decode([&whole[..], appended].concat()), Ok(expected.clone()), "{appended:?}");
    }
    let mut cut = whole[..whole.len() / 2].to_vec();
    cut.splice(2..2, [0xFF, 0xE1, 0, 6, 0xFF, 0xD9, 0, 0]);
    assert!(decode(cut).is_err(), "an end marker inside another segment ends nothing");
}

#[test]
fn a_picture_of_one_pixel_is_a_picture() {
    assert_eq!(decode(file("one-pixel.png")), Ok(Picture { width: 1, height: 1, rgb: vec![12, 200, 99] }));
}

#[test]
fn a_decoder_that_takes_too_long_is_not_waited_for() {
    let (width, height) = (4_000, 3_000);
    let mut bytes = Cursor::new(Vec::new());
    let pixels = vec![128; width as usize * height as usize * 3];
    PngEncoder::new(&mut bytes).write_image(&pixels, width, height, ExtendedColorType::Rgb8).unwrap();
    let begin = Instant::now();
    let found = decode_within(bytes.into_inner(), Duration::from_micros(1));
    assert_eq!(found, Err(PictureError::TooSlow { limit_s: 0 }));
    assert!(begin.elapsed() < Duration::from_secs(1), "the caller goes on at once");
}

/// Numbers that are the same in every run (splitmix64).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

/// Flips bytes, cuts, or takes a piece out.
fn mutate(bytes: &mut Vec<u8>, random: &mut Seeded) {
    match random.below(4) {
        0 => bytes.truncate(random.below(bytes.len())),
        1 => {
            let begin = random.below(bytes.len());
            let end = (begin + 1 + random.below(64)).min(bytes.len());
            bytes.drain(begin..end);
        }
        _ => {
            // Half of the flips hit the header, where sizes and tables are.
            let reach = if random.below(2) == 0 { bytes.len() } else { bytes.len().min(200) };
            for _ in 0..1 + random.below(8) {
                let at = random.below(reach);
                bytes[at] = random.below(256) as u8;
            }
        }
    }
}

#[test]
fn a_thousand_mutated_images_are_each_a_picture_or_an_error() {
    let names = [
        "photo-33x31.png",
        "palette-alpha.png",
        "grey-16-bit.png",
        "orientation-6.png",
        "jpeg/q60-420.jpg",
        "jpeg/progressive.jpg",
        "jpeg/cmyk.jpg",
        "jpeg/turned.jpg",
        "lossless-alpha.webp",
        "lossy.webp",
        "moving.webp",
        "moving.gif",
        "key.gif",
        "plain.bmp",
        "palette.bmp",
    ];
    let originals = names.map(file);
    let mut random = Seeded(11);
    let (mut pictures, mut errors) = (0, 0);
    for round in 0..1000 {
        let name = names[round % names.len()];
        let mut bytes = originals[round % names.len()].clone();
        mutate(&mut bytes, &mut random);
        let begin = Instant::now();
        let of_header = probe(&bytes);
        match decode(bytes) {
            Ok(picture) => {
                let size = (picture.width, picture.height);
                assert_eq!(of_header, Ok(size), "{name} in round {round}: header and pixels agree");
                assert_eq!(
                    picture.rgb.len(),
                    size.0 as usize * size.1 as usize * 3,
                    "{name} in round {round}"
                );
                pictures += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                errors += 1;
            }
        }
        let limit = Duration::from_secs(DECODE_SECONDS_MAX + 1);
        assert!(begin.elapsed() < limit, "{name} in round {round} took {:?}", begin.elapsed());
    }
    assert!(pictures > 100 && errors > 100, "{pictures} pictures, {errors} errors: both must be tried");
}
