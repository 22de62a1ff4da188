//! Pictures in files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use doodletune::backbone::InputSpec;
use doodletune::doodle::{Image, Input};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_png::PngDecoder;

use super::{Found, Pixels, Sample};

/// The images in a folder, by name.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut images = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if matches!(extension.as_deref(), Some("png" | "jpg" | "jpeg")) && !hidden {
            images.push(path);
        }
    }
    images.sort_unstable();
    Ok(images)
}

/// Finds the images in a folder, and looks at each. One that cannot be read, or is blank, is an error or, with `skip_bad`,
/// counted and left out.
pub(super) fn read_all(folder: &Path, skip_bad: bool) -> Result<Found> {
    let mut found = Found::default();
    for path in list(folder)? {
        match read(&path).and_then(check) {
            Ok(()) => found.unassigned.push(Sample::Image(Pixels::File(path))),
            Err(_) if skip_bad => found.skipped += 1,
            Err(error) => {
                let advice = "mend or remove it, or leave such files out with --skip-bad";
                return Err(error.context(format!("{} is not a usable image: {advice}", path.display())));
            }
        }
    }
    Ok(found)
}

/// Blank paper is found out by looking at it.
pub(super) fn check(image: Image) -> Result<()> {
    let small = InputSpec { size: 16, ..InputSpec::dark_on_white(3, [0.0; 3], [1.0; 3]) };
    Input::from(image).render(&small)?;
    Ok(())
}

/// Reads a PNG or JPEG, whichever it is inside.
pub(super) fn read(path: &Path) -> Result<Image> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let ((width, height), colours, pixels) = if bytes.starts_with(b"\x89PNG") {
        let options = DecoderOptions::default().png_set_strip_to_8bit(true).png_set_confirm_crc(true);
        let mut decoder = PngDecoder::new_with_options(ZCursor::new(&bytes), options);
        let pixels = decoder.decode_raw()?;
        (decoder.dimensions().context("no dimensions")?, decoder.colorspace().context("no colours")?, pixels)
    } else {
        ensure!(bytes.starts_with(b"\xff\xd8"), "it is neither a PNG nor a JPEG");
        let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGBA);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&bytes), options);
        let pixels = decoder.decode()?;
        (decoder.dimensions().context("no dimensions")?, ColorSpace::RGBA, pixels)
    };
    let rgba = match colours {
        ColorSpace::RGBA => pixels,
        ColorSpace::RGB => pixels.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect(),
        ColorSpace::LumaA => pixels.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect(),
        ColorSpace::Luma => pixels.iter().flat_map(|v| [*v, *v, *v, 255]).collect(),
        other => anyhow::bail!("its colours are {other:?}; save it as RGB"),
    };
    Ok(Image::from_rgba(width, height, &rgba)?)
}
