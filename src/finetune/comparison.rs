//! What a run gains over another one.

use serde::Serialize;

use crate::error::{Error, Result};

/// Share of a curve's whole rise after which its steep part is over, as in the rise time of control engineering.
const STEEP: f64 = 0.9;

/// Of a curve, the last one in so many epochs tell where it ends.
const TAIL: usize = 10;

/// What a run gains over its control, such as one without pretrained weights: the three ways in which transfer shows
/// (Torrey and Shavlik, "Transfer learning", 2010). Each is the run's figure less the control's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gain {
    /// Higher start: the curve's first point. -1 to 1.
    pub start: f64,
    /// Higher slope: the mean rise an epoch from the start to the first epoch that has made nine tenths of the way to the
    /// asymptote. Of a curve that does not rise: its mean rise, 0 or less, over all epochs; of a single point: 0.
    ///
    /// Where a run has long been level, more epochs change nothing, which they would in a mean over all or over a share of
    /// them; and the steepest single epoch would say how much chance there is in a curve. A curve that starts near its end
    /// has little left to climb: its slope is lower, which is no loss.
    pub slope: f64,
    /// Higher asymptote: the mean of the last tenth of the epochs, rounded up. Not the best of them, which is higher the
    /// more often chance has had a try. -1 to 1.
    pub asymptote: f64,
}

impl Gain {
    /// Compares two learning curves: validation accuracy, 0 to 1, by epoch. They may differ in length, but not in what
    /// their first point is: both after the first epoch, or both before it.
    ///
    /// # Errors
    /// [`Error::BadInput`] for a curve without a point, or with one that is no accuracy.
    pub fn over(run: &[f32], control: &[f32]) -> Result<Self> {
        let [run, control] = [Self::of("run", run)?, Self::of("control", control)?];
        Ok(Self {
            start: run.start - control.start,
            slope: run.slope - control.slope,
            asymptote: run.asymptote - control.asymptote,
        })
    }

    /// A curve's own figures: what it gains over one that is 0 throughout.
    fn of(name: &str, curve: &[f32]) -> Result<Self> {
        if let Some(epoch) = curve.iter().position(|accuracy| !(0.0..=1.0).contains(accuracy)) {
            let message = format!("point {epoch} of the {name}'s curve is {}, but must be 0 to 1", curve[epoch]);
            return Err(Error::BadInput(message));
        }
        let Some((first, rest)) = curve.split_first() else {
            return Err(Error::BadInput(format!("the {name}'s curve has no point; validate it once at least")));
        };
        let (start, tail) = (f64::from(*first), &curve[curve.len() - curve.len().div_ceil(TAIL)..]);
        let asymptote = tail.iter().map(|accuracy| f64::from(*accuracy)).sum::<f64>() / tail.len() as f64;
        let rise = asymptote - start;
        // Some point of the tail is as high as its mean; without a rise, the last epoch is taken.
        let steep = rest.iter().position(|accuracy| rise > 0.0 && f64::from(*accuracy) - start >= STEEP * rise);
        let slope = match steep {
            Some(before) => (f64::from(rest[before]) - start) / (before + 1) as f64,
            None => rise / rest.len().max(1) as f64,
        };
        Ok(Self { start, slope, asymptote })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_gain(run: &[f32], control: &[f32], [start, slope, asymptote]: [f64; 3]) {
        let gain = Gain::over(run, control).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
        let right = near(gain.start, start) && near(gain.slope, slope) && near(gain.asymptote, asymptote);
        assert!(right, "{gain:?} is not {start} {slope} {asymptote}");
    }

    #[test]
    fn gains_are_as_worked_out_by_hand() {
        // The run: 0.5 to 0.9 in two epochs, 0.2 each. The control: 0.1 to 0.8, nine tenths of which (0.73) are passed at
        // 0.75 after three, 0.65 / 3 each.
        let run = [0.5, 0.7, 0.9, 0.9, 0.9];
        let control = [0.1, 0.3, 0.5, 0.75, 0.8, 0.8];
        assert_gain(&run, &control, [0.4, 0.2 - 0.65 / 3.0, 0.1]);
        assert_gain(&control, &run, [-0.4, 0.65 / 3.0 - 0.2, -0.1]);
        assert_gain(&run, &run, [0.0; 3]);
    }

    #[test]
    fn what_comes_after_the_rise_changes_no_slope() {
        let long = [&[0.0, 0.4, 0.8][..], &[0.8; 40]].concat();
        assert_gain(&long, &[0.0, 0.4, 0.8], [0.0; 3]);
    }

    #[test]
    fn the_asymptote_is_the_mean_of_the_last_tenth() {
        // Of 21 epochs three; the lucky 1.0 before them does not count.
        let noisy = [&[0.0][..], &[0.6; 16], &[1.0, 0.5, 0.6, 0.7]].concat();
        assert_gain(&noisy, &[0.0], [0.0, 0.6, 0.6]);
    }

    #[test]
    fn a_point_has_no_slope_and_a_fall_a_negative_one() {
        assert_gain(&[0.75], &[0.5], [0.25, 0.0, 0.25]);
        assert_gain(&[0.75, 0.5, 0.25], &[0.5], [0.25, -0.25, -0.25]);
        assert_gain(&[0.5, 0.7, 0.5], &[0.5, 0.5, 0.5], [0.0; 3]);
    }

    #[test]
    fn refuses_what_is_no_curve() {
        for (run, control, part) in [
            (&[][..], &[0.5][..], "the run's curve has no point"),
            (&[0.5], &[], "the control's curve has no point"),
            (&[0.5, f32::NAN], &[0.5], "point 1 of the run's curve is NaN"),
            (&[0.5], &[80.0], "point 0 of the control's curve is 80"),
        ] {
            let error = Gain::over(run, control).unwrap_err();
            assert!(error.code() == "bad-input" && error.to_string().contains(part), "{error}");
        }
    }
}
