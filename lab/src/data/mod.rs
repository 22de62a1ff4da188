//! Real drawings: a folder with a file of strokes, a file of bitmaps, or a folder of images, for each category.

mod bitmaps;
mod images;
mod strokes;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use doodletune::doodle::{Doodle, Input};
use flate2::read::MultiGzDecoder;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;

use crate::parallel;

/// Which categories of Quick, Draw! `doodle` was pretrained on (`base`), and which it has not seen and is measured on.
const SPLITS: &str = include_str!("../../../models/splits.json");

/// Share of a category's drawings that become queries where the data does not say which.
const TEST_SHARE: f64 = 0.2;

/// A drawing.
#[derive(Debug, Clone, PartialEq)]
pub enum Sample {
    Doodle(Doodle),
    Image(Pixels),
}

/// Where the pixels of an image are.
#[derive(Debug, Clone, PartialEq)]
pub enum Pixels {
    /// In a file of its own until they are looked at: they could take a megabyte.
    File(PathBuf),
    /// Here, few as they are.
    Bitmap(bitmaps::Bitmap),
}

impl Sample {
    /// The drawing as the crate takes it.
    pub fn input(&self) -> Result<Input> {
        match self {
            Self::Doodle(doodle) => Ok(doodle.clone().into()),
            Self::Image(Pixels::File(path)) => images::read(path).map(Input::from),
            Self::Image(Pixels::Bitmap(bitmap)) => bitmap.image().map(Input::from),
        }
    }
}

/// A category's drawings: those to learn from, and those to ask about.
#[derive(Debug)]
pub struct Category {
    pub name: String,
    pub train: Vec<Sample>,
    pub test: Vec<Sample>,
    /// How many lines, bitmaps or files were no drawings and were left out.
    pub skipped: usize,
}

/// How many drawings a category must have, and how to get them.
pub struct Demand {
    pub train: usize,
    pub test: usize,
    /// Leave out what is no drawing.
    pub skip_bad: bool,
    /// Decides the split where the data has none.
    pub seed: u64,
}

/// What a file or folder holds: drawings by the part that the data puts them in.
#[derive(Default)]
struct Found {
    train: Vec<Sample>,
    test: Vec<Sample>,
    unassigned: Vec<Sample>,
    skipped: usize,
}

enum Source {
    /// `<category>.ndjson` or `<category>.ndjson.gz`.
    Strokes(PathBuf),
    /// `<category>.npy` or `<category>.npy.gz`.
    Bitmaps(PathBuf),
    /// A folder of images.
    Images(PathBuf),
}

impl Source {
    fn path(&self) -> &Path {
        match self {
            Self::Strokes(path) | Self::Bitmaps(path) | Self::Images(path) => path,
        }
    }
}

/// The bytes of a file, unzipped if its name ends in `.gz`.
fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    let file = BufReader::new(File::open(path).with_context(|| format!("cannot open {}", path.display()))?);
    let zipped = path.extension().is_some_and(|extension| extension == "gz");
    Ok(if zipped { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) })
}

/// A folder of categories.
pub struct Collection {
    dir: PathBuf,
    sources: BTreeMap<String, Source>,
}

impl Collection {
    /// Finds the categories in `dir`: the names of its files of strokes or bitmaps, and of its folders with images.
    pub fn open(dir: &Path) -> Result<Self> {
        let entries = std::fs::read_dir(dir).with_context(|| {
            format!("{} cannot be read: give the folder of the categories with --data", dir.display())
        })?;
        let mut sources = BTreeMap::new();
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read {}", dir.display()))?.path();
            let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let unzipped = file.strip_suffix(".gz").unwrap_or(file);
            let (name, source) = match unzipped.rsplit_once('.') {
                Some((name, "ndjson")) if path.is_file() => (name.to_owned(), Source::Strokes(path)),
                Some((name, "npy")) if path.is_file() => (name.to_owned(), Source::Bitmaps(path)),
                _ if path.is_dir() && !images::list(&path)?.is_empty() => (file.to_owned(), Source::Images(path)),
                _ => continue,
            };
            if let Some(other) = sources.insert(name.clone(), source) {
                bail!("{} has “{name}” twice, once as {}: remove one", dir.display(), other.path().display());
            }
        }
        ensure!(
            !sources.is_empty(),
            "{} holds no categories: there must be <category>.ndjson or <category>.npy, each also as .gz, or folders named \
             as the categories with .png or .jpg files in them",
            dir.display()
        );
        Ok(Self { dir: dir.to_owned(), sources })
    }

    /// The categories that `selector` names: a key of `splits.json`, which is looked for in the folder and beside it, and is
    /// [`SPLITS`] where there is none; a file with a name a line, or `a,b,c`; without a selector, all.
    pub fn select(&self, selector: Option<&str>) -> Result<Vec<String>> {
        let Some(selector) = selector else { return Ok(self.sources.keys().cloned().collect()) };
        let splits = self.splits()?;
        let names: Vec<String> = if let Some(names) = splits.get(selector) {
            serde_json::from_value(names.clone())
                .with_context(|| format!("“{selector}” in splits.json is not a list of names"))?
        } else if Path::new(selector).is_file() {
            let text = std::fs::read_to_string(selector).with_context(|| format!("cannot read {selector}"))?;
            text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
        } else {
            selector.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
        };
        ensure!(!names.is_empty(), "--categories {selector} names none: give a file, a,b,c, or a key of splits.json");
        for (index, name) in names.iter().enumerate() {
            ensure!(
                self.sources.contains_key(name),
                "there is no category “{name}”{} in {}, which has {}{}; --categories takes their names, a file that lists \
                 them, or a key of splits.json ({})",
                if splits.contains_key(selector) { format!(", of “{selector}”,") } else { String::new() },
                self.dir.display(),
                self.sources.keys().take(5).cloned().collect::<Vec<_>>().join(", "),
                if self.sources.len() > 5 { format!(" and {} more", self.sources.len() - 5) } else { String::new() },
                splits.keys().cloned().collect::<Vec<_>>().join(", ")
            );
            ensure!(!names[..index].contains(name), "--categories names “{name}” twice: remove one");
        }
        Ok(names)
    }

    fn splits(&self) -> Result<BTreeMap<String, serde_json::Value>> {
        // The parent of `data` is the empty path, and that of `.` none: the real path has one.
        let real = self.dir.canonicalize().with_context(|| format!("cannot read {}", self.dir.display()))?;
        let places = [Some(real.as_path()), real.parent()].into_iter().flatten();
        let Some(file) = places.map(|place| place.join("splits.json")).find(|file| file.is_file()) else {
            return Ok(serde_json::from_str(SPLITS)?);
        };
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is not a JSON object: mend it, or remove it", file.display()))
    }

    /// Reads categories, on all cores.
    pub fn read(&self, names: &[String], demand: &Demand) -> Result<Vec<Category>> {
        parallel::map(names, |name| self.read_one(name, demand)).into_iter().collect()
    }

    fn read_one(&self, name: &str, demand: &Demand) -> Result<Category> {
        let source = &self.sources[name];
        let Found { mut train, mut test, mut unassigned, skipped } = match source {
            Source::Strokes(path) => strokes::read(path, demand.skip_bad)?,
            Source::Bitmaps(path) => bitmaps::read(path, demand)?,
            Source::Images(path) => images::read_all(path, demand.skip_bad)?,
        };
        unassigned.shuffle(&mut Pcg64Mcg::seed_from_u64(demand.seed));
        // A fifth, but as many as are asked for, and no more than learning leaves.
        let share = (unassigned.len() as f64 * TEST_SHARE).round() as usize;
        let spare = unassigned.len().saturating_sub(demand.train.saturating_sub(train.len()));
        let queries = share.max(demand.test.saturating_sub(test.len())).min(spare);
        test.extend(unassigned.drain(..queries));
        train.extend(unassigned);
        ensure!(
            train.len() >= demand.train && test.len() >= demand.test,
            "{} has {} drawings to learn from and {} to recognise{}, but --shot is {} and {} are to be recognised: lower \
             them, add drawings, or leave “{name}” out of --categories",
            source.path().display(),
            train.len(),
            test.len(),
            if skipped > 0 { format!(" (and {skipped} left out)") } else { String::new() },
            demand.train,
            demand.test
        );
        Ok(Category { name: name.to_owned(), train, test, skipped })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;
    use std::io::Write;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use doodletune::backbone::InputSpec;

    use super::*;

    /// A folder that goes with its test.
    pub struct Folder(PathBuf);

    impl Folder {
        pub fn new() -> Self {
            static NEXT: AtomicUsize = AtomicUsize::new(0);
            let name = format!("doodletune-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let path = std::env::temp_dir().join(name).join("data");
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        pub fn path(&self) -> &Path {
            &self.0
        }

        /// The arguments of a command as they are typed, with this folder as its data.
        pub fn parsed<A: clap::Args>(&self, line: &str) -> Result<A, String> {
            #[derive(clap::Parser)]
            struct Line<A: clap::Args> {
                #[command(flatten)]
                arguments: A,
            }
            let data = ["lab", "--data", self.0.to_str().unwrap()];
            let line = <Line<A> as clap::Parser>::try_parse_from(data.into_iter().chain(line.split_whitespace()));
            line.map(|line| line.arguments).map_err(|error| error.to_string())
        }

        /// Writes a file, in folders that it makes.
        pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
            self
        }

        /// Writes a category of `count` drawings, each with `split`, if that is something.
        pub fn category(&self, name: &str, count: usize, split: &str) -> &Self {
            self.file(&format!("{name}.ndjson"), (0..count).map(|index| row(index, split)).collect::<String>())
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(self.0.parent().unwrap()));
        }
    }

    fn row(index: usize, split: &str) -> String {
        let split = if split.is_empty() { String::new() } else { format!(r#""split":"{split}","#) };
        format!("{{{split}\"drawing\":[[[0,{},9],[0,4,9]]]}}\n", index + 1)
    }

    /// A grey picture of one byte a pixel as PNG, without compression.
    fn png(side: u32, pixel: impl Fn(u32, u32) -> u8) -> Vec<u8> {
        let rows: Vec<u8> =
            (0..side).flat_map(|y| [0].into_iter().chain((0..side).map(|x| pixel(x, y)).collect::<Vec<_>>())).collect();
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::none());
        zlib.write_all(&rows).unwrap();
        let header = [&side.to_be_bytes()[..], &side.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        for (kind, content) in [(b"IHDR", header), (b"IDAT", zlib.finish().unwrap()), (b"IEND", vec![])] {
            file.extend((content.len() as u32).to_be_bytes());
            let body = [&kind[..], &content].concat();
            let mut sum = flate2::Crc::new();
            sum.update(&body);
            file.extend(&body);
            file.extend(sum.sum().to_be_bytes());
        }
        file
    }

    pub fn demand(train: usize, test: usize) -> Demand {
        Demand { train, test, skip_bad: false, seed: 1 }
    }

    pub fn read(folder: &Folder, name: &str, demand: &Demand) -> Result<Category> {
        Ok(Collection::open(folder.path())?.read(&[name.to_owned()], demand)?.remove(0))
    }

    /// The whole message, which must say all of `parts`.
    pub fn assert_refused<T>(result: Result<T>, parts: &[&str]) {
        let message = format!("{:#}", result.err().expect("it is refused"));
        for part in parts {
            assert!(message.contains(part), "{message:?} does not say {part:?}");
        }
    }

    #[test]
    fn finds_categories_by_every_kind_of_selector() {
        let folder = Folder::new();
        folder.category("ice cream", 3, "").category("cat", 3, "").file("readme.md", "").file("dog/a.PNG", [1]);
        folder.file("bird/notes.txt", "").file("../splits.json", r#"{"pets": ["dog", "cat"], "count": 3}"#);
        let list = folder.path().join("list.txt");
        folder.file("list.txt", "ice cream\n\n dog \n");
        let collection = Collection::open(folder.path()).unwrap();
        let select = |selector| collection.select(selector).unwrap();
        assert_eq!(select(None), ["cat", "dog", "ice cream"]);
        assert_eq!(select(Some("pets")), ["dog", "cat"]);
        assert_eq!(select(list.to_str()), ["ice cream", "dog"]);
        assert_eq!(select(Some("ice cream, cat")), ["ice cream", "cat"]);
        assert_refused(collection.select(Some("cat,cow")), &["“cow”", "cat, dog, ice cream", "count, pets"]);
        assert_refused(collection.select(Some("cat,cat")), &["“cat” twice"]);
        assert_refused(collection.select(Some("count")), &["“count” in splits.json is not a list"]);
        assert_refused(collection.select(Some(",")), &["names none"]);

        let plain = Folder::new();
        plain.category("cat", 3, "");
        let collection = Collection::open(plain.path()).unwrap();
        assert_refused(collection.select(Some("bench10")), &["“airplane”, of “bench10”,", "base, bench10, novel"]);
    }

    #[test]
    fn refuses_a_folder_that_is_none_or_holds_nothing() {
        let folder = Folder::new();
        assert_refused(Collection::open(&folder.path().join("nowhere")), &["nowhere cannot be read", "--data"]);
        assert_refused(Collection::open(folder.path()), &["no categories", "<category>.ndjson"]);
        folder.category("cat", 1, "").file("cat.ndjson.gz", "");
        assert_refused(Collection::open(folder.path()), &["“cat” twice", "remove one"]);
    }

    #[test]
    fn splits_are_the_datas_own_or_seeded_and_large_enough() {
        let folder = Folder::new();
        folder.file(
            "own.ndjson",
            (0..9).map(|index| row(index, if index < 3 { "test" } else { "train" })).collect::<String>(),
        );
        folder.category("none", 20, "");
        let own = read(&folder, "own", &demand(6, 3)).unwrap();
        assert_eq!((own.train.len(), own.test.len(), own.skipped), (6, 3, 0));
        let count = |train, test| {
            let none = read(&folder, "none", &demand(train, test)).unwrap();
            assert!(none.test.iter().all(|sample| !none.train.contains(sample)));
            (none.train.len(), none.test.len())
        };
        assert_eq!([count(1, 1), count(10, 10), count(19, 1)], [(16, 4), (10, 10), (19, 1)]);
        let order = |seed| read(&folder, "none", &Demand { seed, ..demand(1, 1) }).unwrap().test;
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        let few = &["own.ndjson has 6 drawings to learn from and 3", "--shot is 7", "lower them"];
        assert_refused(read(&folder, "own", &demand(7, 3)), few);
        assert_refused(read(&folder, "none", &demand(11, 10)), &["none.ndjson has 11 drawings to learn from and 9"]);
    }

    #[test]
    fn a_line_that_is_no_drawing_is_refused_by_its_number_or_left_out() {
        let folder = Folder::new();
        let cases: [(&str, &[u8], &str); 6] = [
            ("cut", br#"{"drawing":[[[0,1],[0"#, "EOF"),
            ("other", br#"{"image": 1}"#, "drawing"),
            ("empty", br#"{"drawing":[]}"#, "nothing is drawn"),
            ("dot", br#"{"drawing":[[[3,3],[4,4]]]}"#, "only a dot"),
            ("uneven", br#"{"drawing":[[[3,3],[4]]]}"#, "stroke 0"),
            ("text", b"\xff\xfe", "expected"),
        ];
        for (name, line, cause) in cases {
            folder.file(
                &format!("{name}.ndjson"),
                [row(0, "").as_bytes(), b"\n", line, b"\r\n", row(2, "").as_bytes()].concat(),
            );
            let place = format!("{name}.ndjson, line 3 is not a drawing");
            assert_refused(read(&folder, name, &demand(1, 1)), &[&place, "--skip-bad", cause]);
            let rest = read(&folder, name, &Demand { skip_bad: true, ..demand(1, 1) }).unwrap();
            assert_eq!((rest.train.len(), rest.test.len(), rest.skipped), (1, 1, 1));
        }
        let few = read(&folder, "cut", &Demand { skip_bad: true, ..demand(2, 1) });
        assert_refused(few, &["(and 1 left out)"]);
    }

    #[test]
    fn zipped_files_are_read_and_broken_ones_refused() {
        let folder = Folder::new();
        let zip = |text: String| {
            let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            zip.write_all(text.as_bytes()).unwrap();
            zip.finish().unwrap()
        };
        let rows = |range: std::ops::Range<usize>| zip(range.map(|index| row(index, "")).collect());
        // Files that were zipped in parts are one file.
        folder.file("cat.ndjson.gz", [rows(0..4), rows(4..9)].concat());
        assert_eq!(read(&folder, "cat", &demand(4, 5)).unwrap().test.len(), 5);
        let whole = rows(0..50);
        folder.file("dog.ndjson.gz", &whole[..whole.len() - 9]);
        let skip = Demand { skip_bad: true, ..demand(1, 1) };
        assert_refused(read(&folder, "dog", &skip), &["dog.ndjson.gz, line", "get the file again"]);
    }

    #[test]
    fn images_are_read_and_unusable_ones_refused_or_left_out() {
        let folder = Folder::new();
        let cross = png(40, |x, y| if x + y == 30 || x == y && x < 30 && x > 0 { 0 } else { 255 });
        for index in 0..4 {
            folder.file(&format!("cross/{index}.png"), &cross);
        }
        let category = read(&folder, "cross", &demand(2, 2)).unwrap();
        assert_eq!((category.train.len(), category.test.len()), (2, 2));
        let spec = InputSpec { size: 32, ..InputSpec::dark_on_white(3, [0.0; 3], [1.0; 3]) };
        let pixels = category.test[0].input().unwrap().render(&spec).unwrap().to_rgba();
        assert!(pixels.iter().step_by(4).any(|v| *v < 150) && pixels[0] == 255);

        let truncated = cross[..cross.len() / 2].to_vec();
        for (content, cause) in [(truncated, "bad.png"), (png(8, |_, _| 255), "blank"), (b"text".to_vec(), "neither")] {
            folder.file("cross/bad.png", content);
            let refusal = read(&folder, "cross", &demand(2, 2));
            assert_refused(refusal, &["bad.png is not a usable image", "--skip-bad", cause]);
            let rest = read(&folder, "cross", &Demand { skip_bad: true, ..demand(2, 2) }).unwrap();
            assert_eq!((rest.train.len() + rest.test.len(), rest.skipped), (4, 1));
        }
    }
}
