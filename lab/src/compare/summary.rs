//! What the trials of a strategy come to.

use doodletune::finetune::{Gain, Plan};
use serde::Serialize;

use super::{CONTROL, Contender};
use crate::statistics::{mean_and_ci95, median};

/// A trial of a strategy.
#[derive(Debug, Serialize)]
pub struct Run {
    pub seed: u64,
    /// Share of the test drawings that is right, 0 to 1. Where nothing was learned: what a guess gets.
    pub accuracy: f64,
    /// Mean cross-entropy of the test drawings, if anything was learned.
    pub loss: Option<f64>,
    /// To learn; a student's teacher included.
    pub seconds: f64,
    /// Of all phases; a solved head counts as one.
    pub epochs: usize,
    /// Validation accuracy after each epoch of all phases that were not undone, where drawings are held out.
    pub curve: Vec<f32>,
    /// What the training failed of; the best before that was tested.
    pub diverged: Option<String>,
}

/// A strategy with its trials.
#[derive(Serialize)]
pub struct Row<'a> {
    pub strategy: &'a str,
    /// Mean over trials.
    pub accuracy: f64,
    /// Half width of the mean's 95 % confidence interval; none for a single trial.
    pub ci95: Option<f64>,
    /// The best trial's.
    pub best: f64,
    /// The median trial's.
    pub seconds: f64,
    /// Over the control, the mean of the trials in which both have a curve.
    pub gain: Option<Gain>,
    /// As it came to be, but for the seed, which is the trial's.
    pub plan: &'a Plan,
    pub trials: &'a [Run],
}

/// A row for each strategy that has been tried.
pub fn rows(tried: &[(Contender, Vec<Run>)]) -> Vec<Row<'_>> {
    let control = tried.iter().find(|(contender, _)| contender.name == CONTROL).map(|(_, trials)| trials.as_slice());
    tried.iter().map(|(contender, trials)| row(contender, trials, control)).collect()
}

fn row<'a>(contender: &'a Contender, trials: &'a [Run], control: Option<&[Run]>) -> Row<'a> {
    let accuracies: Vec<f64> = trials.iter().map(|run| run.accuracy).collect();
    let (accuracy, ci95) = mean_and_ci95(&accuracies);
    Row {
        strategy: &contender.name,
        accuracy,
        ci95,
        best: accuracies.into_iter().fold(0.0, f64::max),
        seconds: median(trials.iter().map(|run| run.seconds).collect()),
        gain: control.filter(|_| contender.name != CONTROL).and_then(|control| gain(trials, control)),
        plan: &contender.plan,
        trials,
    }
}

/// The mean gain of each trial over the control's trial of the same drawings.
fn gain(runs: &[Run], control: &[Run]) -> Option<Gain> {
    let pairs = runs.iter().zip(control);
    let gains: Vec<Gain> = pairs.filter_map(|(run, control)| Gain::over(&run.curve, &control.curve).ok()).collect();
    let mean = |of: fn(&Gain) -> f64| gains.iter().map(of).sum::<f64>() / gains.len() as f64;
    let whole = || Gain { start: mean(|g| g.start), slope: mean(|g| g.slope), asymptote: mean(|g| g.asymptote) };
    (!gains.is_empty()).then(whole)
}

/// The rows as a table in Markdown, with shares in per cent and gains in points.
pub fn table(rows: &[Row]) -> String {
    let head = ["strategy", "right, %", "best, %", "seconds", "start", "slope", "asymptote"].map(str::to_owned);
    let gain = |row: &Row, of: fn(&Gain) -> f64| {
        row.gain.as_ref().map_or_else(|| "–".to_owned(), |gain| format!("{:+.1}", of(gain) * 100.0))
    };
    let cells = |row: &Row| {
        [
            row.strategy.to_owned(),
            format!("{:.1}", row.accuracy * 100.0)
                + &row.ci95.map_or_else(String::new, |ci95| format!(" ± {:.1}", ci95 * 100.0)),
            format!("{:.1}", row.best * 100.0),
            format!("{:.1}", row.seconds),
            gain(row, |gain| gain.start),
            gain(row, |gain| gain.slope),
            gain(row, |gain| gain.asymptote),
        ]
    };
    let body: Vec<[String; 7]> = std::iter::once(head).chain(rows.iter().map(cells)).collect();
    let width = |column: usize| body.iter().map(|cells| cells[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    let line = |cells: &[String; 7]| {
        let padded = cells.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
    };
    let rule = std::array::from_fn(|column| match column {
        0 => "-".repeat(widths[0]),
        _ => "-".repeat(widths[column] - 1) + ":",
    });
    line(&body[0]) + &line(&rule) + &body[1..].iter().map(line).collect::<String>()
}

#[cfg(test)]
mod tests {
    use doodletune::finetune::{Phase, Trainable};

    use super::*;

    fn tried(name: &str, accuracies: &[f64], curve: &[f32]) -> (Contender, Vec<Run>) {
        let plan = Plan::new(vec![Phase::new("", Trainable::Head, 1)]);
        let run = |(seed, accuracy): (usize, &f64)| Run {
            seed: seed as u64,
            accuracy: *accuracy,
            loss: None,
            seconds: [9.0, 1.0, 2.0][seed],
            epochs: curve.len(),
            curve: curve.to_vec(),
            diverged: None,
        };
        (Contender { name: name.into(), plan }, accuracies.iter().enumerate().map(run).collect())
    }

    #[test]
    fn rows_are_as_worked_out_by_hand() {
        // Of 0.5, 0.6 and 0.7 the deviation is 0.1, so that the interval is 4.303 * 0.1 / √3.
        let all = [
            tried("lp-ft", &[0.5, 0.6, 0.7], &[0.5, 0.75]),
            tried("blind", &[0.25], &[]),
            tried(CONTROL, &[0.25; 3], &[0.25, 0.5]),
        ];
        assert_eq!(
            table(&rows(&all)),
            "\
| strategy     |    right, % | best, % | seconds | start | slope | asymptote |
| ------------ | ----------: | ------: | ------: | ----: | ----: | --------: |
| lp-ft        | 60.0 ± 24.8 |    70.0 |     2.0 | +25.0 |  +0.0 |     +25.0 |
| blind        |        25.0 |    25.0 |     9.0 |     – |     – |         – |
| from-scratch |  25.0 ± 0.0 |    25.0 |     2.0 |     – |     – |         – |
"
        );
        assert!(rows(&all[..2]).iter().all(|row| row.gain.is_none()), "there is no control");
    }

    #[test]
    fn gains_are_of_the_trials_that_have_curves() {
        let [(_, run), (_, control)] = [tried("a", &[0.5; 2], &[0.5]), tried("b", &[0.5; 2], &[0.25])];
        let [(_, mut half), (_, blind)] = [tried("c", &[0.5; 2], &[1.0]), tried("d", &[0.5; 2], &[])];
        half[1].curve.clear();
        assert_eq!(gain(&run, &control).unwrap().start, 0.25);
        assert_eq!(gain(&half, &control).unwrap().start, 0.75);
        assert!(gain(&blind, &control).is_none());
    }
}
