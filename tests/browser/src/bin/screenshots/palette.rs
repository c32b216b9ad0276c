//! Pictures of pages have few colours: with a palette they are a third as large.

use std::{collections::HashMap, io::Cursor};

use anyhow::{Context, bail, ensure};
use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter, Transformations};

const COLOURS_MAX: usize = 256;
/// How many bits of a colour's parts are kept, the finest first.
const KEPT_BITS: [u32; 4] = [6, 5, 4, 3];

/// The same picture with as many colours as a palette holds.
pub(crate) fn reduce(picture: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut decoder = Decoder::new(Cursor::new(picture));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().context("a picture without a size")?];
    let frame = reader.next_frame(&mut pixels)?;
    let channels = frame.color_type.samples();
    ensure!(channels >= 3, "a picture without colours");
    for bits in KEPT_BITS {
        if let Some((palette, indices)) = indexed(&pixels, channels, bits) {
            return write(frame.width, frame.height, palette, &indices);
        }
    }
    bail!("a picture with too many colours");
}

/// `None` where the colours, kept to so many bits, are more than a palette holds.
fn indexed(pixels: &[u8], channels: usize, bits: u32) -> Option<(Vec<u8>, Vec<u8>)> {
    let kept = u8::MAX << (8 - bits);
    let (mut known, mut palette, mut indices) = (HashMap::new(), Vec::new(), Vec::new());
    for pixel in pixels.chunks_exact(channels) {
        let key = pixel.iter().take(3).fold(0, |key: u32, part| (key << 8) | u32::from(part & kept));
        let next = known.len();
        let index = *known.entry(key).or_insert_with(|| {
            // The first that is met stands for its neighbours, so that large areas keep their very colour.
            palette.extend(pixel.iter().take(3));
            next
        });
        if index >= COLOURS_MAX {
            return None;
        }
        indices.push(u8::try_from(index).ok()?);
    }
    Some((palette, indices))
}

fn write(width: u32, height: u32, palette: Vec<u8>, indices: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut written = Vec::new();
    let mut encoder = Encoder::new(&mut written, width, height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette);
    encoder.set_compression(Compression::High);
    encoder.set_filter(Filter::NoFilter);
    encoder.write_header()?.write_image_data(indices)?;
    Ok(written)
}
