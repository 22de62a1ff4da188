//! Depthwise convolution in browsers, a line of pixels at a time, by code that is written at run time for each kind of line:
//! its taps, its step, and which of them lie in the padding are then no questions any more.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::assembler::{Function, Local, Module};

/// How target pixels lie above source pixels along a line: target `j` meets source `j * step + tap - before`, if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Line {
    /// The kernel's width.
    pub taps: usize,
    /// Source pixels between neighbouring targets.
    pub step: usize,
    /// Source pixels before the first that the first target would meet.
    pub before: usize,
    /// Number of source pixels.
    pub sources: usize,
    /// Number of target pixels.
    pub targets: usize,
}

#[wasm_bindgen]
extern "C" {
    /// The exports of an instance.
    type Exports;

    #[wasm_bindgen(method)]
    #[allow(clippy::too_many_arguments)]
    fn run(
        this: &Exports,
        rows: u32,
        source: u32,
        source_row: u32,
        weight: u32,
        weight_row: u32,
        weight_step: u32,
        target: u32,
        target_step: u32,
        pixel: u32,
        blocks: u32,
    );
}

/// The kernels for lines of a kind.
pub struct Kernels {
    /// Targets become the sums of what they meet, weighted.
    pub gather: Kernel,
    /// To weights is added what their targets and the sources below them have in common, summed over targets.
    pub correlate: Kernel,
}

/// What treats a line.
pub struct Kernel(Exports);

/// Parameters of both kernels: kernel rows, first source row and the distance to the next, first weight and the distances to
/// the next kernel row and to the next tap, target and the distance to its next pixel, distance to the next source pixel,
/// and how many vectors of channels. Distances are in bytes.
const PARAMETERS: u32 = 10;

/// A vector's values, and their bytes.
pub const LANES: usize = 4;
const BYTES: i32 = 16;

/// Targets whose sums stay in registers, and targets that stay there while sums of weights do.
const GATHERED: usize = 8;
const CORRELATED: usize = 4;

/// Where a kernel reads and writes.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// Kernel rows.
    pub rows: usize,
    /// The first channel of the first source pixel that the first kernel row meets, and values in a row.
    pub source: (*const f32, usize),
    /// The first channel of the first tap, and values to the next kernel row and to the next tap.
    pub weight: (*mut f32, [isize; 2]),
    /// The first channel of the first target pixel, and values to the next.
    pub target: (*mut f32, usize),
    /// Channels.
    pub channels: usize,
}

impl Line {
    /// The kernels for lines of this kind; none where a browser refuses them.
    pub fn kernels(self) -> Option<Rc<Kernels>> {
        thread_local! {
            static MADE: RefCell<HashMap<Line, Option<Rc<Kernels>>>> = RefCell::default();
        }
        let make = || {
            let [gather, correlate] = [gather(&self), correlate(&self)].map(Kernel::new);
            Some(Rc::new(Kernels { gather: gather?, correlate: correlate? }))
        };
        MADE.with(|made| made.borrow_mut().entry(self).or_insert_with(make).clone())
    }

    /// The taps that meet a source at `target`, and the source of the first.
    pub fn met(&self, target: usize) -> (Range<usize>, usize) {
        let start = target * self.step;
        let first = self.before.saturating_sub(start).min(self.taps);
        let last = (self.sources + self.before).saturating_sub(start).clamp(first, self.taps);
        (first..last, (start + first).saturating_sub(self.before))
    }

    /// The line's targets in tiles of at most `most`, and how many alike follow each other.
    fn tiles(&self, most: usize) -> Vec<(Tile, usize)> {
        let mut tiles: Vec<(Tile, usize)> = vec![];
        for first in (0..self.targets).step_by(most) {
            let targets = most.min(self.targets - first);
            let start = (first * self.step) as isize - self.before as isize;
            let met = ((targets - 1) * self.step + self.taps) as isize;
            let within = [0, self.sources as isize].map(|end| (end - start).clamp(0, met) as usize);
            let tile = Tile { first, targets, within };
            match tiles.last_mut() {
                Some((last, count)) if (last.targets, last.within) == (targets, within) => *count += 1,
                _ => tiles.push((tile, 1)),
            }
        }
        tiles
    }
}

/// Neighbouring targets.
#[derive(Debug, Clone, Copy)]
struct Tile {
    first: usize,
    targets: usize,
    /// Of the source pixels that they would meet, those that are there.
    within: [usize; 2],
}

impl Tile {
    /// Calls `each` for every source pixel that the tile meets, with the pairs of targets and taps that meet it.
    fn for_sources(&self, line: &Line, mut each: impl FnMut(&[(usize, usize)])) {
        for source in self.within[0]..self.within[1] {
            let met = (0..self.targets).filter_map(|target| {
                let tap = source.checked_sub(target * line.step)?;
                (tap < line.taps).then_some((target, tap))
            });
            each(&met.collect::<Vec<_>>());
        }
    }
}

impl Kernel {
    fn new(function: Function) -> Option<Self> {
        let mut module = Module::default();
        let index = module.add(PARAMETERS, function);
        module.export("run", index);
        module.instantiate().ok().map(|exports| Self(exports.unchecked_into()))
    }

    /// Runs it on a line.
    ///
    /// # Safety
    /// All of `places` is there for a line of this kernel's kind, and what the kernel writes may be written.
    pub unsafe fn run(&self, places: &Places) {
        // Negative distances wrap around, as sums of addresses do.
        let bytes = |values: isize| (values * size_of::<f32>() as isize) as u32;
        let Places { rows, source, weight, target, channels } = *places;
        self.0.run(
            rows as u32,
            source.0 as u32,
            bytes(source.1 as isize),
            weight.0 as u32,
            bytes(weight.1[0]),
            bytes(weight.1[1]),
            target.0 as u32,
            bytes(target.1 as isize),
            bytes(channels as isize),
            (channels / LANES) as u32,
        );
    }
}

/// See [`Kernels::gather`].
fn gather(line: &Line) -> Function {
    let mut code = Function::new(PARAMETERS, 8, (GATHERED + line.taps + 1) as u32);
    let [rows, source, source_row, weight, weight_row, weight_step, target, target_step, pixel, blocks] =
        std::array::from_fn(|i| i as Local);
    let [tile_source, tile_target, left, row, row_source, row_weight, seen, tap] =
        std::array::from_fn(|i| code.integer(i as u32));
    let sums: Vec<Local> = (0..GATHERED).map(|i| code.vector(i as u32)).collect();
    let weights: Vec<Local> = (0..line.taps).map(|i| code.vector((GATHERED + i) as u32)).collect();
    let value = code.vector((GATHERED + line.taps) as u32);
    code.repeat(blocks, 1, |code| {
        for (tile, count) in line.tiles(GATHERED) {
            line.start(code, &tile, [tile_source, source, pixel], [tile_target, target, target_step]);
            code.set_to(left, count as i32);
            code.repeat(left, 1, |code| {
                let sums = &sums[..tile.targets];
                sums.iter().for_each(|&sum| code.clear(sum));
                code.copy(row_source, tile_source);
                code.copy(row_weight, weight);
                code.copy(row, rows);
                code.repeat(row, 1, |code| {
                    code.copy(tap, row_weight);
                    for &weight in &weights {
                        code.get(tap);
                        code.load(0);
                        code.set(weight);
                        code.advance(tap, weight_step);
                    }
                    code.copy(seen, row_source);
                    tile.for_sources(line, |met| {
                        code.get(seen);
                        code.load(0);
                        code.set(value);
                        code.advance(seen, pixel);
                        for &(target, tap) in met {
                            code.multiply_add(sums[target], [weights[tap], value]);
                        }
                    });
                    code.advance(row_source, source_row);
                    code.advance(row_weight, weight_row);
                });
                code.advance_times(tile_source, pixel, (tile.targets * line.step) as i32);
                for &sum in sums {
                    code.get(tile_target);
                    code.get(sum);
                    code.store(0);
                    code.advance(tile_target, target_step);
                }
            });
        }
        [source, weight, target].into_iter().for_each(|place| code.advance_by(place, BYTES));
    });
    code
}

/// See [`Kernels::correlate`].
fn correlate(line: &Line) -> Function {
    let mut code = Function::new(PARAMETERS, 8, (CORRELATED + line.taps + 1) as u32);
    let [rows, source, source_row, weight, weight_row, weight_step, target, target_step, pixel, blocks] =
        std::array::from_fn(|i| i as Local);
    let [tile_source, tile_target, left, row, row_source, row_weight, seen, tap] =
        std::array::from_fn(|i| code.integer(i as u32));
    let targets: Vec<Local> = (0..CORRELATED).map(|i| code.vector(i as u32)).collect();
    let sums: Vec<Local> = (0..line.taps).map(|i| code.vector((CORRELATED + i) as u32)).collect();
    let value = code.vector((CORRELATED + line.taps) as u32);
    code.repeat(blocks, 1, |code| {
        code.copy(row_source, source);
        code.copy(row_weight, weight);
        code.copy(row, rows);
        code.repeat(row, 1, |code| {
            code.copy(tap, row_weight);
            for &sum in &sums {
                code.get(tap);
                code.load(0);
                code.set(sum);
                code.advance(tap, weight_step);
            }
            for (tile, count) in line.tiles(CORRELATED) {
                line.start(code, &tile, [tile_source, row_source, pixel], [tile_target, target, target_step]);
                code.set_to(left, count as i32);
                code.repeat(left, 1, |code| {
                    for &target in &targets[..tile.targets] {
                        code.get(tile_target);
                        code.load(0);
                        code.set(target);
                        code.advance(tile_target, target_step);
                    }
                    code.copy(seen, tile_source);
                    tile.for_sources(line, |met| {
                        code.get(seen);
                        code.load(0);
                        code.set(value);
                        code.advance(seen, pixel);
                        for &(target, tap) in met {
                            code.multiply_add(sums[tap], [targets[target], value]);
                        }
                    });
                    code.advance_times(tile_source, pixel, (tile.targets * line.step) as i32);
                });
            }
            code.copy(tap, row_weight);
            for &sum in &sums {
                code.get(tap);
                code.get(sum);
                code.store(0);
                code.advance(tap, weight_step);
            }
            code.advance(row_source, source_row);
            code.advance(row_weight, weight_row);
        });
        [source, weight, target].into_iter().for_each(|place| code.advance_by(place, BYTES));
    });
    code
}

impl Line {
    /// Sets pointers to the first source and the first target of a tile: each from the line's own, and the distance between
    /// pixels.
    fn start(&self, code: &mut Function, tile: &Tile, source: [Local; 3], target: [Local; 3]) {
        let first = tile.first * self.step + tile.within[0];
        for ([place, line, pixel], pixels) in [(source, first as i32 - self.before as i32), (target, tile.first as i32)]
        {
            code.copy(place, line);
            code.advance_times(place, pixel, pixels);
        }
    }
}
