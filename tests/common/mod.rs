//! Shared by the native tests and those in browsers.

// Each test binary uses its part.
#![allow(dead_code)]

pub mod doodle;
pub mod golden;
pub mod shapes;

/// How far two lists are apart at most: infinitely, if a value of them is no number or one of them is longer.
pub fn apart(found: &[f32], expected: &[f32]) -> f32 {
    if found.len() != expected.len() {
        return f32::INFINITY;
    }
    let difference = |(a, b): (&f32, &f32)| if (a - b).is_nan() { f32::INFINITY } else { (a - b).abs() };
    found.iter().zip(expected).map(difference).fold(0.0, f32::max)
}
