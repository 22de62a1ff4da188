//! Vector drawings.

use crate::error::{Error, Result};

/// A line drawn without lifting the pen: points `[x, y]`, y downwards, in time order.
pub type Stroke = Vec<[f32; 2]>;

/// The most points that a doodle may have. A minute of drawing at 120 Hz has 7,200.
const MAX_POINTS: usize = 100_000;
/// Coordinates beyond this lose the precision that the rasteriser needs.
const MAX_COORDINATE: f32 = 1e6;

/// A drawing as strokes, in any unit: it is fitted to the network's input when rendered.
#[derive(Debug, Clone, PartialEq)]
pub struct Doodle {
    strokes: Vec<Stroke>,
}

impl Doodle {
    /// Checks and takes strokes. Strokes without points are dropped.
    ///
    /// # Errors
    /// [`Error::EmptyDrawing`] without a line (no points, or all in one place); [`Error::BadInput`] for coordinates that
    /// are not finite or beyond ±1e6, and for more than 100,000 points.
    pub fn new(strokes: Vec<Stroke>) -> Result<Self> {
        let strokes: Vec<Stroke> = strokes.into_iter().filter(|stroke| !stroke.is_empty()).collect();
        let points = strokes.iter().map(Vec::len).sum::<usize>();
        if points == 0 {
            return Err(Error::EmptyDrawing("nothing is drawn yet; draw something first"));
        }
        if points > MAX_POINTS {
            return Err(Error::BadInput(format!(
                "the drawing has {points} points, more than the {MAX_POINTS} allowed; simplify it, or pass it as an image"
            )));
        }
        let usable = |v: f32| v.is_finite() && v.abs() <= MAX_COORDINATE;
        if let Some([x, y]) = strokes.iter().flatten().find(|[x, y]| !usable(*x) || !usable(*y)) {
            return Err(Error::BadInput(format!(
                "the point ({x}, {y}) is not usable; coordinates must be finite and within ±{MAX_COORDINATE}"
            )));
        }
        let doodle = Self { strokes };
        let [left, top, right, bottom] = doodle.bounds();
        if left == right && top == bottom {
            return Err(Error::EmptyDrawing("this is only a dot; draw at least a line"));
        }
        Ok(doodle)
    }

    /// Reads Quick, Draw!'s form: a stroke is a pair of lists, `[[x…], [y…]]`; a third list (times) is ignored.
    ///
    /// # Errors
    /// [`Error::BadInput`] for a stroke of another shape, and all of [`Doodle::new`].
    pub fn from_columns(strokes: &[Vec<Vec<f32>>]) -> Result<Self> {
        let zip = |(index, stroke): (usize, &Vec<Vec<f32>>)| match stroke.as_slice() {
            [xs, ys] | [xs, ys, _] if xs.len() == ys.len() => Ok(xs.iter().zip(ys).map(|(x, y)| [*x, *y]).collect()),
            _ => Err(Error::BadInput(format!(
                "stroke {index} is not a pair of equally long lists; a stroke is [[x, …], [y, …]]"
            ))),
        };
        Self::new(strokes.iter().enumerate().map(zip).collect::<Result<_>>()?)
    }

    /// The strokes in Quick, Draw!'s form, `[[x…], [y…]]` each.
    pub fn to_columns(&self) -> Vec<[Vec<f32>; 2]> {
        self.strokes.iter().map(|stroke| [0, 1].map(|axis| stroke.iter().map(|point| point[axis]).collect())).collect()
    }

    /// The drawing as it looked after `share` of its points, above 0 to 1, counted along the strokes and rounded up; with
    /// as many more as it takes to be no dot.
    pub fn beginning(&self, share: f32) -> Self {
        let points = || self.strokes.iter().flatten();
        let start = points().next();
        let dots = points().take_while(|point| Some(*point) == start).count();
        let mut left = ((points().count() as f32 * share).ceil() as usize).max(dots + 1);
        let cut = |stroke: &Stroke| {
            let taken = stroke.len().min(left);
            left -= taken;
            stroke[..taken].to_vec()
        };
        Self::new(self.strokes.iter().map(cut).collect()).unwrap_or_else(|_| self.clone())
    }

    /// The strokes, none of them empty.
    pub fn strokes(&self) -> &[Stroke] {
        &self.strokes
    }

    /// The box around all points: `[left, top, right, bottom]`.
    pub fn bounds(&self) -> [f32; 4] {
        let start = [f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY];
        self.strokes.iter().flatten().fold(start, |[l, t, r, b], [x, y]| [l.min(*x), t.min(*y), r.max(*x), b.max(*y)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_drawing() {
        let code = |strokes: Vec<Stroke>| Doodle::new(strokes).unwrap_err().code();
        assert_eq!(code(vec![]), "empty-drawing");
        assert_eq!(code(vec![vec![]]), "empty-drawing");
        assert_eq!(code(vec![vec![[3.0, 4.0]; 9]]), "empty-drawing");
        assert_eq!(code(vec![vec![[0.0, 0.0], [f32::NAN, 1.0]]]), "bad-input");
        assert_eq!(code(vec![vec![[0.0, 0.0], [1e9, 1.0]]]), "bad-input");
        assert_eq!(code(vec![vec![[0.0, 1.0]; MAX_POINTS + 1]]), "bad-input");
        assert!(Doodle::from_columns(&[vec![vec![1.0, 2.0], vec![1.0]]]).unwrap_err().to_string().contains("stroke 0"));
    }

    #[test]
    fn reads_columns_in_order() {
        let doodle = Doodle::from_columns(&[vec![vec![1.0, 2.0], vec![3.0, 5.0], vec![0.0, 16.0]]]).unwrap();
        assert_eq!(doodle.strokes(), [vec![[1.0, 3.0], [2.0, 5.0]]]);
        assert_eq!(doodle.bounds(), [1.0, 3.0, 2.0, 5.0]);
    }

    #[test]
    fn a_beginning_is_never_empty() {
        let strokes = vec![vec![[0.0, 0.0], [0.0, 0.0], [4.0, 0.0]], vec![[1.0, 1.0], [2.0, 3.0], [3.0, 3.0]]];
        let doodle = Doodle::new(strokes.clone()).unwrap();
        assert_eq!(doodle.beginning(1.0), doodle);
        assert_eq!(doodle.beginning(0.5).strokes(), &strokes[..1]);
        assert_eq!(doodle.beginning(0.6).strokes(), [strokes[0].clone(), strokes[1][..1].to_vec()]);
        assert_eq!(doodle.beginning(0.01).strokes(), &strokes[..1], "the first two points are one dot");
        // However long nothing happens, it is looked for once.
        let mut late = vec![[0.0, 0.0]; MAX_POINTS];
        late[MAX_POINTS - 2] = [1.0, 0.0];
        assert_eq!(Doodle::new(vec![late.clone()]).unwrap().beginning(0.01).strokes(), [&late[..MAX_POINTS - 1]]);
    }
}
