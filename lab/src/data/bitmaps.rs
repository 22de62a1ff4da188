//! Quick, Draw!'s form of bitmaps: a numpy file a category, white ink on black.

use std::io::{Read, sink};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use doodletune::doodle::Image;
use rand::SeedableRng;
use rand::seq::index;
use rand_pcg::Pcg64Mcg;
use serde::Deserialize;

use super::{Demand, Found, Pixels, Sample, images, open};

/// The longest header taken, in bytes.
const MOST_HEADER: u32 = 1 << 16;

/// The most bitmaps taken for a file.
const MOST_BITMAPS: u64 = 10_000_000;

/// The longest side taken, in pixels.
const MOST_SIDE: u64 = 1024;

/// Of a category more than is asked for is kept, for the sake of variety, up to so many bytes: 5,349 bitmaps of Quick,
/// Draw!'s 28 x 28 pixels. All 345 categories of the full dataset take 1.4 GB so, of 40.
const KEPT: usize = 1 << 22;

/// A square drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Bitmap {
    side: usize,
    /// A byte a pixel, row by row: 0 for paper, 255 for ink.
    ink: Box<[u8]>,
}

impl Bitmap {
    /// The drawing with black ink on white paper.
    pub fn image(&self) -> Result<Image> {
        let rgba: Vec<u8> = self.ink.iter().flat_map(|ink| [255 - ink, 255 - ink, 255 - ink, 255]).collect();
        Ok(Image::from_rgba(self.side, self.side, &rgba)?)
    }
}

/// Reads an `.npy` or `.npy.gz` of shape `[count, side, side]` or `[count, side * side]`. Where there are more bitmaps than
/// are worth their memory, the seed chooses. One that is blank is an error or, if the demand says so, counted and left out.
pub(super) fn read(path: &Path, demand: &Demand) -> Result<Found> {
    let mut reader = open(path)?;
    let header = Header::read(&mut reader).and_then(|header| header.layout());
    let (count, side) = header.with_context(|| format!("{} does not hold bitmaps", path.display()))?;
    let wanted = (demand.train + demand.test).max(KEPT / (side * side));
    // Some more where blank ones are left out.
    let wanted = if demand.skip_bad { wanted + wanted / 2 + 10 } else { wanted }.min(count);
    let mut chosen = index::sample(&mut Pcg64Mcg::seed_from_u64(demand.seed), count, wanted).into_vec();
    chosen.sort_unstable();
    let mut chosen = chosen.into_iter().peekable();
    let mut found = Found::default();
    let mut ink = vec![0; side * side];
    for index in 0..count {
        let place = || format!("{}, bitmap {index} of {count}", path.display());
        reader.read_exact(&mut ink).with_context(|| format!("{} cannot be read: get the file again", place()))?;
        if chosen.next_if_eq(&index).is_none() {
            continue;
        }
        let bitmap = Bitmap { side, ink: ink.as_slice().into() };
        match bitmap.image().and_then(images::check) {
            Ok(()) => found.unassigned.push(Sample::Image(Pixels::Bitmap(bitmap))),
            Err(_) if demand.skip_bad => found.skipped += 1,
            Err(error) => {
                let advice = "remove it, or leave such bitmaps out with --skip-bad";
                return Err(error.context(format!("{} is not a drawing: {advice}", place())));
            }
        }
    }
    // Only at the end of a zipped file is its checksum compared.
    let rest = std::io::copy(&mut reader.take(1), &mut sink());
    let rest = rest.with_context(|| format!("the end of {} cannot be read: get the file again", path.display()))?;
    ensure!(rest == 0, "{} goes on after its {count} bitmaps: get the file again", path.display());
    Ok(found)
}

/// What a numpy file says of itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<u64>,
}

impl Header {
    /// Reads the magic number, the version, and the dictionary that is as long as the number before it says.
    fn read(reader: &mut impl Read) -> Result<Self> {
        let mut start = [0; 8];
        let cut = "its header is cut off: get the file again";
        reader.read_exact(&mut start).context(cut)?;
        ensure!(start.starts_with(b"\x93NUMPY"), "it is no numpy file: make it with numpy.save");
        let width = match start[6] {
            1 => 2,
            2 | 3 => 4,
            version => bail!("its format has version {version}, but must have 1 to 3: make it with numpy.save"),
        };
        let mut length = [0; 4];
        reader.read_exact(&mut length[..width]).context(cut)?;
        let length = u32::from_le_bytes(length);
        ensure!(
            length <= MOST_HEADER,
            "its header is {length} bytes long, but at most {MOST_HEADER}: get the file again"
        );
        let mut text = vec![0; length as usize];
        reader.read_exact(&mut text).context(cut)?;
        Self::parse(&String::from_utf8_lossy(&text)).with_context(|| {
            format!(
                "its header cannot be understood: make the file with numpy.save: {:?}",
                String::from_utf8_lossy(&text[..text.len().min(100)])
            )
        })
    }

    /// Turns Python's notation into JSON. Of all that numpy writes for a plain array, this is the alphabet; Python 2 had an
    /// `L` behind long numbers, as in `2000L`.
    fn parse(text: &str) -> Result<Self> {
        let json = text.replace(char::is_whitespace, "").replace("False", "false").replace("True", "true");
        let json = json.replace('\'', "\"").replace('(', "[").replace(')', "]").replace('L', "");
        Ok(serde_json::from_str(&json.replace(",}", "}").replace(",]", "]"))?)
    }

    /// How many bitmaps there are, and their side.
    fn layout(&self) -> Result<(usize, usize)> {
        ensure!(self.descr == "|u1", "its values are {}, not bytes (|u1): save array.astype('uint8')", self.descr);
        ensure!(!self.fortran_order, "its order is Fortran's: save numpy.ascontiguousarray(array)");
        let (count, side) = match *self.shape.as_slice() {
            [count, height, width] if height == width => (count, height),
            [count, pixels] if pixels.isqrt().pow(2) == pixels => (count, pixels.isqrt()),
            _ => bail!("its shape is {:?}, but must be [count, side, side] or [count, side * side]", self.shape),
        };
        ensure!(
            count <= MOST_BITMAPS && (1..=MOST_SIDE).contains(&side),
            "its shape is {:?}, but there may be {MOST_BITMAPS} bitmaps at most, with sides of 1 to {MOST_SIDE}: save \
             fewer, or smaller ones",
            self.shape
        );
        Ok((count as usize, side as usize))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use doodletune::backbone::InputSpec;

    use super::*;
    use crate::data::Collection;
    use crate::data::tests::{Folder, assert_refused, demand, read};

    /// A numpy file of `version`; the dictionary is `descr`, `fortran_order` and `shape` as numpy writes them.
    fn npy(version: u8, descr: &str, fortran: &str, shape: &str, content: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}   \n");
        let length = (header.len() as u32).to_le_bytes();
        let length = if version == 1 { &length[..2] } else { &length[..] };
        [b"\x93NUMPY", &[version, 0][..], length, header.as_bytes(), content].concat()
    }

    /// Bitmaps of 6 x 6 pixels with a line, each in a place of its own: from the left in row 1, as long as its number.
    fn lines(count: usize) -> Vec<u8> {
        (0..count * 36).map(|i| if i / 6 % 6 == 1 && i % 6 <= i / 36 { 255 } else { 0 }).collect()
    }

    fn zip(bytes: &[u8]) -> Vec<u8> {
        let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        zip.write_all(bytes).unwrap();
        zip.finish().unwrap()
    }

    #[test]
    fn every_bitmap_comes_back_black_on_white() {
        let folder = Folder::new();
        let content = lines(5);
        let plain = npy(1, "|u1", "False", "(5, 6, 6)", &content);
        folder.file("gz.npy.gz", zip(&plain)).file("plain.npy", plain);
        folder.file("flat.npy", npy(2, "|u1", "False", "(5, 36)", &content));
        folder.file("long.npy", npy(3, "|u1", "False", "(5L, 36L)", &content));
        folder.category("strokes", 3, "");
        let names = Collection::open(folder.path()).unwrap().select(None).unwrap();
        assert_eq!(names, ["flat", "gz", "long", "plain", "strokes"]);
        for name in &names[..4] {
            let category = read(&folder, name, &demand(3, 2)).unwrap();
            assert_eq!((category.train.len(), category.test.len(), category.skipped), (3, 2, 0));
            let mut inks: Vec<Vec<u8>> = Vec::new();
            for sample in category.train.iter().chain(&category.test) {
                let Sample::Image(Pixels::Bitmap(bitmap)) = sample else { panic!("{sample:?} is a bitmap") };
                inks.push(bitmap.ink.to_vec());
            }
            inks.sort_unstable();
            assert_eq!(inks.concat(), content, "{name}");
        }
        let spec = InputSpec { size: 32, ..InputSpec::dark_on_white(3, [0.0; 3], [1.0; 3]) };
        let sample = &read(&folder, "gz", &demand(3, 2)).unwrap().test[0];
        let pixels = sample.input().unwrap().render(&spec).unwrap().to_rgba();
        assert!(pixels[0] == 255 && pixels.iter().step_by(4).any(|v| *v < 100));
    }

    #[test]
    fn of_many_bitmaps_the_seed_chooses() {
        let folder = Folder::new();
        let (side, count) = (128, 300);
        let content: Vec<u8> = (0..side * side * count).map(|i| u8::from(i % side == 5) * 200).collect();
        folder.file("many.npy.gz", zip(&npy(1, "|u1", "False", "(300, 128, 128)", &content)));
        let kept = |train, test| {
            let category = read(&folder, "many", &demand(train, test)).unwrap();
            category.train.len() + category.test.len()
        };
        assert_eq!([kept(1, 1), kept(200, 90), kept(200, 100)], [256, 290, 300]);
    }

    #[test]
    fn a_blank_bitmap_is_refused_by_its_number_or_left_out() {
        let folder = Folder::new();
        let mut content = lines(5);
        content[36..72].fill(0);
        folder.file("cat.npy", npy(1, "|u1", "False", "(5, 6, 6)", &content));
        let place = "cat.npy, bitmap 1 of 5 is not a drawing";
        assert_refused(read(&folder, "cat", &demand(2, 2)), &[place, "--skip-bad", "blank"]);
        let rest = read(&folder, "cat", &Demand { skip_bad: true, ..demand(2, 2) }).unwrap();
        assert_eq!((rest.train.len(), rest.test.len(), rest.skipped), (2, 2, 1));
    }

    #[test]
    fn files_that_hold_no_bitmaps_are_refused_with_the_remedy() {
        let folder = Folder::new();
        let (content, shape) = (&lines(5)[..], "(5, 6, 6)");
        let good = npy(1, "|u1", "False", shape, content);
        let huge = [b"\x93NUMPY\x02\0", &u32::MAX.to_le_bytes()[..], b"{}"].concat();
        let cases: [(&str, Vec<u8>, &[&str]); 16] = [
            ("text", b"8 bytes are none".to_vec(), &["no numpy file", "numpy.save"]),
            ("empty", vec![], &["header is cut off", "get the file again"]),
            ("cut header", good[..40].to_vec(), &["header is cut off"]),
            ("cut", good[..good.len() - 1].to_vec(), &["bitmap 4 of 5 cannot be read", "get the file again"]),
            ("long", [&good[..], &[0]].concat(), &["goes on after its 5 bitmaps"]),
            ("version", npy(4, "|u1", "False", shape, content), &["version 4", "1 to 3"]),
            ("header", huge, &["header is 4294967295 bytes long"]),
            ("float", npy(1, "<f4", "False", shape, content), &["values are <f4", "astype('uint8')"]),
            ("bool", npy(1, "|b1", "False", shape, content), &["values are |b1"]),
            ("fortran", npy(1, "|u1", "True", shape, content), &["order is Fortran's", "ascontiguousarray"]),
            ("oblong", npy(1, "|u1", "False", "(5, 4, 9)", content), &["shape is [5, 4, 9]", "[count, side, side]"]),
            ("uneven", npy(1, "|u1", "False", "(5, 35)", content), &["shape is [5, 35]"]),
            ("line", npy(1, "|u1", "False", "(180,)", content), &["shape is [180]"]),
            ("point", npy(1, "|u1", "False", "(5, 0, 0)", content), &["sides of 1 to 1024"]),
            ("crowd", npy(1, "|u1", "False", "(10000001, 1)", content), &["10000000 bitmaps at most"]),
            ("list", npy(1, "|u1", "False", "(-1, 6, 6)", content), &["cannot be understood", "numpy.save", "'|u1'"]),
        ];
        let skip = Demand { skip_bad: true, ..demand(1, 1) };
        for (name, bytes, parts) in cases {
            folder.file(&format!("{name}.npy"), bytes);
            assert_refused(read(&folder, name, &skip), &[&[format!("{name}.npy").as_str()], parts].concat());
        }
        let zipped = zip(&good);
        folder.file("half.npy.gz", &zipped[..zipped.len() / 2]).file("end.npy.gz", &zipped[..zipped.len() - 3]);
        folder.file("none.npy.gz", good);
        for (name, part) in [("half", "get the file again"), ("end", "the end of"), ("none", "get the file again")] {
            assert_refused(read(&folder, name, &skip), &[&format!("{name}.npy.gz"), part]);
        }
    }
}
