//! Matrix products in browsers, written at run time: where a browser can multiply and add in one instruction, that is twice the
//! arithmetic of plain SIMD on most processors.
//!
//! Tiles of the target stay in registers while the common dimension is walked once (Goto and van de Geijn, "Anatomy of
//! high-performance matrix multiplication", 2008). Nothing is packed: activations are channels-last, so that of one side
//! values are broadcast, and of the other runs are read.

use wasm_bindgen::prelude::*;

use super::assembler::{Function, Local, Module};

#[wasm_bindgen]
extern "C" {
    /// The exports of an instance.
    type Tiles;

    #[wasm_bindgen(method)]
    #[allow(clippy::too_many_arguments)]
    fn product(
        this: &Tiles,
        m: u32,
        n: u32,
        k: u32,
        lhs: u32,
        lhs_row: u32,
        lhs_column: u32,
        rhs: u32,
        rhs_row: u32,
        target: u32,
        target_row: u32,
        add: u32,
    );
}

thread_local! {
    /// For left sides with neighbours of a column side by side, and with those of a row.
    static TILES: Option<[Tiles; 2]> = compile(false).and_then(|columns| Ok([columns, compile(true)?])).ok();
}

/// A vector's values, and their bytes.
const LANES: usize = 4;
const BYTES: u32 = 16;

/// A tile's rows, and vectors in each: twelve sums, two vectors of the right side and one of the left fit into the sixteen
/// registers of the commonest processors.
const TILE: [u32; 2] = [6, 2];

/// Steps of the common dimension in a row of code.
const UNROLLED: u32 = 4;

/// What a pass over the left side's rows, or over both sides' columns, brings from memory stays in the first-level cache.
const ROWS_AT_ONCE: usize = 1 << 15;
const STEPS_AT_ONCE: usize = 128;

/// Whether [`multiply`] is there for sides with these strides of rows and columns, and such a target.
pub fn can_multiply([_, n, _]: [usize; 3], lhs: [usize; 2], rhs: [usize; 2]) -> bool {
    n.is_multiple_of(LANES) && lhs.contains(&1) && rhs[1] == 1 && TILES.with(Option::is_some)
}

/// Row-major `target[m, n]`, or what is added to it, = `lhs[m, k]` x `rhs[k, n]`.
///
/// # Safety
/// [`can_multiply`] said so, `target` has `m * n` values, initialised if `add`, and the sides reach as far as their strides
/// lead.
pub unsafe fn multiply(
    [m, n, k]: [usize; 3],
    target: *mut f32,
    add: bool,
    (lhs, [lhs_row, lhs_column]): (*const f32, [usize; 2]),
    (rhs, rhs_row): (*const f32, usize),
) {
    let by_rows = lhs_column == 1;
    // Columns lie far apart in memory: a few at a time, and the sums are taken up again.
    let (rows, steps) = if by_rows { ((ROWS_AT_ONCE / k.max(1)).max(1), k) } else { (m, STEPS_AT_ONCE) };
    let rows = rows.next_multiple_of(TILE[0] as usize);
    TILES.with(|tiles| {
        let Some(tiles) = tiles else { return };
        for step in (0..k.max(1)).step_by(steps.max(1)) {
            for row in (0..m).step_by(rows) {
                let bytes = |values: usize| (values * size_of::<f32>()) as u32;
                let address = |base: *const f32, values: usize| base as u32 + bytes(values);
                tiles[usize::from(by_rows)].product(
                    rows.min(m - row) as u32,
                    n as u32,
                    steps.min(k - step) as u32,
                    address(lhs, row * lhs_row + step * lhs_column),
                    bytes(lhs_row),
                    bytes(lhs_column),
                    address(rhs, step * rhs_row),
                    bytes(rhs_row),
                    address(target, row * n),
                    bytes(n),
                    u32::from(add || step > 0),
                );
            }
        }
    });
}

fn compile(by_rows: bool) -> Result<Tiles, JsValue> {
    let (mut module, [rows, vectors]) = (Module::default(), TILE);
    let tiles: Vec<Vec<u32>> = (1..=vectors)
        .map(|vectors| (1..=rows).map(|rows| module.add(9, tile(by_rows, [rows, vectors]))).collect())
        .collect();
    let function = module.add(11, product(&tiles));
    module.export("product", function);
    module.instantiate().map(JsCast::unchecked_into)
}

/// All tiles of a product, `tiles[vectors - 1][rows - 1]` by their size. Strides are in bytes.
fn product(tiles: &[Vec<u32>]) -> Function {
    let mut code = Function::new(11, 3, 0);
    let [m, n, k, lhs, lhs_row, lhs_column, rhs, rhs_row, target, target_row, add] =
        std::array::from_fn(|i| i as Local);
    let [left, lhs_tile, target_tile] = [0, 1, 2].map(|i| code.integer(i));
    for (vectors, tiles) in tiles.iter().enumerate().rev() {
        let width = (vectors + 1) * LANES;
        code.repeat(n, width as i32, |code| {
            code.copy(left, m);
            code.copy(lhs_tile, lhs);
            code.copy(target_tile, target);
            let call = |code: &mut Function, rows: usize| {
                for argument in [k, lhs_tile, lhs_row, lhs_column, rhs, rhs_row, target_tile, target_row, add] {
                    code.get(argument);
                }
                code.call(tiles[rows - 1]);
            };
            code.repeat(left, tiles.len() as i32, |code| {
                call(code, tiles.len());
                code.advance_times(lhs_tile, lhs_row, tiles.len() as i32);
                code.advance_times(target_tile, target_row, tiles.len() as i32);
            });
            for rows in 1..tiles.len() {
                code.when_equal(left, rows as i32, |code| call(code, rows));
            }
            code.advance_by(rhs, (width * size_of::<f32>()) as i32);
            code.advance_by(target, (width * size_of::<f32>()) as i32);
        });
    }
    code
}

/// One tile. Parameters: steps, left side and its strides of rows and columns, right side and its stride of rows, target
/// and its stride of rows, whether to add to it.
fn tile(by_rows: bool, [rows, vectors]: [u32; 2]) -> Function {
    let mut code = Function::new(9, rows, rows * vectors + vectors + 1);
    let [steps, lhs, lhs_row, lhs_column, rhs, rhs_row, target, target_row, add] = std::array::from_fn(|i| i as Local);
    let pointers: Vec<Local> = (0..rows).map(|row| code.integer(row)).collect();
    let sums: Vec<Vec<Local>> =
        (0..rows).map(|row| (0..vectors).map(|v| code.vector(row * vectors + v)).collect()).collect();
    let right: Vec<Local> = (0..vectors).map(|v| code.vector(rows * vectors + v)).collect();
    let left = code.vector(rows * vectors + vectors);

    code.when(add, |code| {
        code.copy(pointers[0], target);
        for sums in &sums {
            for (v, &sum) in sums.iter().enumerate() {
                code.get(pointers[0]);
                code.load(v as u32 * BYTES);
                code.set(sum);
            }
            code.advance(pointers[0], target_row);
        }
    });
    if by_rows {
        for &pointer in &pointers {
            code.copy(pointer, lhs);
            code.advance(lhs, lhs_row);
        }
    }
    let step = |code: &mut Function, ahead: u32| {
        for (v, &right) in right.iter().enumerate() {
            code.get(rhs);
            code.load(v as u32 * BYTES);
            code.set(right);
        }
        code.advance(rhs, rhs_row);
        for (row, sums) in sums.iter().enumerate() {
            let (pointer, offset) = if by_rows { (pointers[row], 4 * ahead) } else { (lhs, 4 * row as u32) };
            code.get(pointer);
            code.load_splat(offset);
            code.set(left);
            for (&sum, &right) in sums.iter().zip(&right) {
                code.multiply_add(sum, [left, right]);
            }
        }
        if !by_rows {
            code.advance(lhs, lhs_column);
        }
    };
    for together in [UNROLLED, 1] {
        code.repeat(steps, together as i32, |code| {
            (0..together).for_each(|ahead| step(code, ahead));
            if by_rows {
                pointers.iter().for_each(|&pointer| code.advance_by(pointer, 4 * together as i32));
            }
        });
    }
    for sums in &sums {
        for (v, &sum) in sums.iter().enumerate() {
            code.get(target);
            code.get(sum);
            code.store(v as u32 * BYTES);
        }
        code.advance(target, target_row);
    }
    code
}
