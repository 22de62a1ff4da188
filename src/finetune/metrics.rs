//! How often answers are right, where they are not, and how far their probabilities can be believed.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::{Signal, logistic};
use crate::dataset::{ExampleId, folds};
use crate::error::{Error, Result};
use crate::head::{Guess, LabelledFeatures, ranking};
use crate::pace::Pace;

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_964;

/// The lowest and the highest temperature.
const TEMPERATURES: [f64; 2] = [0.05, 20.0];

/// Halvings of the temperatures' range, which leave a billionth of it.
const HALVINGS: usize = 30;

/// The most bins of a reliability diagram (Guo et al., 2017).
const MOST_BINS: usize = 15;

/// What became of examples whose classes are known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// How many there are.
    pub examples: usize,
    /// Share of them that are right, 0 to 1.
    pub accuracy: f64,
    /// The lower and upper end of its 95 % confidence interval (Wilson, 1927), within 0 to 1.
    pub accuracy_interval: [f64; 2],
    /// Mean cross-entropy.
    pub loss: f64,
    /// How many of the class of the row were taken for that of the column.
    pub confusion: Vec<Vec<usize>>,
    /// What became of each class.
    pub classes: Vec<ClassEvaluation>,
    /// What each was taken for.
    pub answers: Vec<Answer>,
    /// How far the probabilities can be believed.
    pub calibration: Calibration,
}

/// What an example was taken for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The example's number.
    pub id: ExampleId,
    /// The class that it is of.
    pub label: String,
    /// All classes, the most probable first.
    pub ranking: Vec<Guess>,
}

/// What became of a class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassEvaluation {
    /// Its name.
    pub label: String,
    /// How many examples are of it.
    pub examples: usize,
    /// Of what was taken for it, the share that is; none if nothing was.
    pub precision: Option<f64>,
    /// Of its examples, the share that was taken for it; none if it has no example.
    pub recall: Option<f64>,
    /// The harmonic mean of both: none if it has no example and nothing was taken for it.
    pub f1: Option<f64>,
}

/// Whether of all answers with a probability of, say, 80 %, 80 % are right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Calibration {
    /// What to divide logits by: above 1 where answers are too sure, below where they are not sure enough; 0.05 to 20.
    ///
    /// It makes the right classes most probable (temperature scaling; Guo et al., 2017, arXiv 1706.04599), each taken as
    /// right with probability (n + 1) / (n + 2) only, as in Platt's scaling (1999): a few easy drawings must not make it
    /// too sure. Where it changes nothing, it is 1.
    pub temperature: f64,
    /// With logits as they are.
    pub before: Reliability,
    /// With logits divided by the temperature. It was fitted to these very examples, which flatters it a little.
    pub after: Reliability,
}

/// How sure answers are, and how often right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reliability {
    /// Mean cross-entropy.
    pub loss: f64,
    /// Expected calibration error, 0 to 1: the mean distance of a bin's confidence from its accuracy, by its examples.
    pub error: f64,
    /// The bins that have examples, the least confident first.
    pub bins: Vec<Bin>,
}

/// Answers that are about equally sure. Confidence, from 0 to 1, is cut into as many equal parts as the root of the number
/// of examples, 15 at most: with fewer examples a bin, chance alone would look like an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bin {
    /// How many there are.
    pub examples: usize,
    /// Their mean probability.
    pub confidence: f64,
    /// Share of them that are right.
    pub accuracy: f64,
}

impl Evaluation {
    /// Judges `logits`, a row an example with one for each of `classes`, by the classes' indices in `targets`. The answer
    /// is the class of the largest logit, and the first of equals, as in a prediction. Its [`Answer`]s are numbered by row.
    ///
    /// # Errors
    /// [`Error::TooFewExamples`] without any; [`Error::BadInput`] if there are not as many targets as rows or not as many
    /// logits as classes, if a target is no class, or a logit is not finite.
    pub fn new(classes: &[String], logits: &[Vec<f32>], targets: &[usize]) -> Result<Self> {
        let rows = checked(classes.len(), logits, targets)?;
        let mut confusion = vec![vec![0; classes.len()]; classes.len()];
        rows.iter().for_each(|row| confusion[row.target][row.answer] += 1);
        let right: usize = (0..classes.len()).map(|class| confusion[class][class]).sum();
        let temperature = fit_temperature(&rows);
        let [before, after] = [1.0, temperature].map(|temperature| Reliability::of(&rows, temperature));
        Ok(Self {
            examples: rows.len(),
            accuracy: share(right, rows.len()),
            accuracy_interval: wilson(right, rows.len()),
            loss: before.loss,
            classes: classes.iter().enumerate().map(|(class, label)| of_class(class, label, &confusion)).collect(),
            answers: logits
                .iter()
                .zip(targets)
                .zip(0..)
                .map(|((logits, target), id)| Answer {
                    id,
                    label: classes[*target].clone(),
                    ranking: ranking(classes, logits),
                })
                .collect(),
            confusion,
            calibration: Calibration { temperature, before, after },
        })
    }

    /// The same, with number i of its answers changed to `ids[i]`.
    pub(crate) fn about(mut self, ids: &[ExampleId]) -> Self {
        self.answers.iter_mut().for_each(|answer| answer.id = ids[answer.id as usize]);
        self
    }

    /// Gives classes other names, all at once.
    pub(crate) fn rename(&mut self, from: &[String], to: &[String]) {
        let classes = self.classes.iter_mut().map(|class| &mut class.label);
        let answers = self.answers.iter_mut().flat_map(|answer| {
            std::iter::once(&mut answer.label).chain(answer.ranking.iter_mut().map(|guess| &mut guess.label))
        });
        for label in classes.chain(answers) {
            if let Some(index) = from.iter().position(|from| from == label) {
                to[index].clone_into(label);
            }
        }
    }

    /// Drops what is known of examples that are gone: their numbers may be given to others.
    pub(crate) fn forget(&mut self, ids: &[ExampleId]) {
        self.answers.retain(|answer| !ids.contains(&answer.id));
    }

    /// Checks what was read from a file, as far as somebody would stumble over it.
    pub(crate) fn check(&self) -> Result<(), String> {
        let count = self.classes.len();
        if self.confusion.len() != count || self.confusion.iter().any(|row| row.len() != count) {
            return Err(format!("what it took for what is no table of its {count} classes"));
        }
        if self.answers.iter().any(|answer| answer.ranking.len() != count) {
            return Err(format!("an answer in it does not rank its {count} classes"));
        }
        let of_classes = self.classes.iter().flat_map(|class| [class.precision, class.recall, class.f1]).flatten();
        let of_bins = [&self.calibration.before, &self.calibration.after].into_iter().flat_map(|reliability| {
            let bins = reliability.bins.iter().flat_map(|bin| [bin.confidence, bin.accuracy]);
            bins.chain([reliability.error])
        });
        let of_all = self.accuracy_interval.into_iter().chain([self.accuracy]);
        match of_all.chain(of_classes).chain(of_bins).find(|share| !(0.0..=1.0).contains(share)) {
            Some(share) => Err(format!("a share in its evaluation is {share}")),
            None => Ok(()),
        }
    }
}

/// An example's logits, less the largest: the answer's is 0.
struct Row {
    logits: Vec<f64>,
    answer: usize,
    target: usize,
}

impl Row {
    /// The sum of the logits' exponentials at a temperature, and the mean of the logits by their probabilities then.
    fn soften(&self, temperature: f64) -> [f64; 2] {
        let (mut sum, mut weighted) = (0.0, 0.0);
        for logit in &self.logits {
            let exponential = (logit / temperature).exp();
            sum += exponential;
            weighted += exponential * logit;
        }
        [sum, weighted / sum]
    }
}

/// By how much logits of held-out examples must be divided to be most probable: see [`Calibration::temperature`].
///
/// # Errors
/// As [`Evaluation::new`].
pub(super) fn temperature(classes: usize, logits: &[Vec<f32>], targets: &[usize]) -> Result<f64> {
    checked(classes, logits, targets).map(|rows| fit_temperature(&rows))
}

fn checked(classes: usize, logits: &[Vec<f32>], targets: &[usize]) -> Result<Vec<Row>> {
    let refuse = |message: String| Err(Error::BadInput(message));
    if logits.is_empty() {
        return Err(Error::TooFewExamples("there is nothing to judge by; give at least one example".into()));
    }
    if logits.len() != targets.len() {
        return refuse(format!("{} rows of logits do not go with {} targets", logits.len(), targets.len()));
    }
    let mut rows = Vec::with_capacity(logits.len());
    for (index, (logits, &target)) in logits.iter().zip(targets).enumerate() {
        if logits.len() != classes {
            return refuse(format!("example {index} has {} logits, but there are {classes} classes", logits.len()));
        }
        if target >= classes {
            return refuse(format!("the target of example {index} is {target}, but must be below {classes}"));
        }
        if logits.iter().any(|logit| !logit.is_finite()) {
            return refuse(format!("a logit of example {index} is not a finite number; train again at a lower rate"));
        }
        // `max_by` would keep the last of equals.
        let answer = (1..classes).fold(0, |best, class| if logits[class] > logits[best] { class } else { best });
        let largest = f64::from(logits[answer]);
        rows.push(Row { logits: logits.iter().map(|logit| f64::from(*logit) - largest).collect(), answer, target });
    }
    Ok(rows)
}

/// See [`Calibration::temperature`]. The loss is convex in the inverse of the temperature, so that its slope changes its
/// sign but once; it is found by halving, on a logarithmic scale.
fn fit_temperature(rows: &[Row]) -> f64 {
    let doubt = 1.0 / (rows.len() as f64 + 2.0);
    // Each row's logits by their probability, if the right class had all that it is to have.
    let ideal = |row: &Row| {
        let right = row.logits[row.target];
        let others = (row.logits.iter().sum::<f64>() - right) / (row.logits.len() - 1).max(1) as f64;
        (1.0 - doubt) * right + doubt * others
    };
    let ideal: f64 = rows.iter().map(ideal).sum();
    let slope = |temperature: f64| rows.iter().map(|row| row.soften(temperature)[1]).sum::<f64>() - ideal;
    if slope(1.0) == 0.0 {
        return 1.0;
    }
    let [mut low, mut high] = TEMPERATURES.map(f64::ln);
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        if slope(middle.exp()) > 0.0 { low = middle } else { high = middle }
    }
    ((low + high) / 2.0).exp()
}

impl Reliability {
    fn of(rows: &[Row], temperature: f64) -> Self {
        let count = rows.len().isqrt().min(MOST_BINS);
        let (mut loss, mut bins) = (0.0, vec![(0, 0.0, 0); count]);
        for row in rows {
            let [sum, _] = row.soften(temperature);
            loss += sum.ln() - row.logits[row.target] / temperature;
            // The answer's logit is 0.
            let confidence = sum.recip();
            let bin = ((confidence * count as f64).ceil() as usize).clamp(1, count) - 1;
            let (examples, confidences, right) = &mut bins[bin];
            *examples += 1;
            *confidences += confidence;
            *right += usize::from(row.answer == row.target);
        }
        let filled = bins.into_iter().filter(|(examples, ..)| *examples > 0);
        let bins: Vec<Bin> = filled
            .map(|(examples, confidences, right)| Bin {
                examples,
                confidence: confidences / examples as f64,
                accuracy: share(right, examples),
            })
            .collect();
        let error = |bin: &Bin| share(bin.examples, rows.len()) * (bin.confidence - bin.accuracy).abs();
        Self { loss: loss / rows.len() as f64, error: bins.iter().map(error).sum(), bins }
    }
}

fn of_class(class: usize, label: &str, confusion: &[Vec<usize>]) -> ClassEvaluation {
    let right = confusion[class][class];
    let examples: usize = confusion[class].iter().sum();
    let answers: usize = confusion.iter().map(|row| row[class]).sum();
    let defined = |right: usize, of: usize| (of > 0).then(|| share(right, of));
    ClassEvaluation {
        label: label.to_owned(),
        examples,
        precision: defined(right, answers),
        recall: defined(right, examples),
        f1: defined(2 * right, examples + answers),
    }
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// Where the true share lies, with 95 % confidence. Unlike the textbook's interval, it holds for few examples, and where all
/// are right.
fn wilson(right: usize, count: usize) -> [f64; 2] {
    let (n, p) = (count as f64, share(right, count));
    let scale = 1.0 / (1.0 + Z * Z / n);
    let centre = scale * (p + Z * Z / (2.0 * n));
    let half = scale * Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    [(centre - half).max(0.0), (centre + half).min(1.0)]
}

/// How well a logistic regression would do on new examples: they are dealt into `parts`, at least 2, and each part is asked
/// about by a head that was fitted to the others. Each of those heads chooses its strength by a cross-validation of its own,
/// so that no answer was tuned to the example that it is about; that takes about `parts` trainings.
///
/// A class with a single example never has it held out, and is only what others may be taken for. Answers are numbered by
/// their place among `examples`. None if the signal is
/// [`Signal::Stop`] before the end.
///
/// # Errors
/// [`Error::BadOption`] for fewer than two parts, [`Error::TooFewClasses`], [`Error::TooFewExamples`] if a class has no
/// example or none has two, and [`Error::BadInput`] for features that are not finite.
pub async fn cross_validate(
    examples: &LabelledFeatures,
    parts: usize,
    seed: u64,
    signal: &Cell<Signal>,
) -> Result<Option<Evaluation>> {
    if parts < 2 {
        return Err(Error::BadOption(format!("parts is {parts}, but must be at least 2")));
    }
    if examples.classes.len() < 2 {
        return Err(Error::TooFewClasses(examples.classes.len()));
    }
    let (mut asked, mut logits, mut targets, mut pace) = (vec![], vec![], vec![], Pace::new());
    for fold in folds(&examples.targets, parts, seed) {
        let (head, _) = logistic::fit(&examples.select(&fold.training), seed, signal, |_, _| ()).await?;
        let Some(head) = head else { return Ok(None) };
        for index in fold.validation {
            pace.breathe().await;
            asked.push(index as ExampleId);
            logits.push(head.logits(&examples.features[index]));
            targets.push(examples.targets[index]);
        }
    }
    if logits.is_empty() {
        let message = "no class has two drawings, so that none can be held out; draw at least one more";
        return Err(Error::TooFewExamples(message.into()));
    }
    Ok(Some(Evaluation::new(&examples.classes, &logits, &targets)?.about(&asked)))
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use pollster::block_on;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    use super::*;

    fn names(count: usize) -> Vec<String> {
        ["cat", "dog", "sun", "cow"][..count].iter().map(|name| name.to_string()).collect()
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn everything_is_as_worked_out_by_hand() {
        // Probabilities of 3/4 and 1/4: right, wrong, right; the last is a tie, in which the first wins. No answer is “sun”.
        let (likely, never) = (3f32.ln(), -1e4);
        let logits = [[likely, 0.0, never], [likely, 0.0, never], [0.0, likely, never], [7.0, 7.0, never]];
        let logits = logits.map(|row| row.to_vec());
        let evaluation = Evaluation::new(&names(3), &logits, &[0, 1, 1, 0]).unwrap();
        assert_eq!((evaluation.examples, evaluation.accuracy), (4, 0.75));
        let [low, high] = evaluation.accuracy_interval;
        assert!((low - 0.300_642).abs() < 1e-5 && (high - 0.954_413).abs() < 1e-5, "{low} {high}");
        let loss = (2.0 * (4f64 / 3.0).ln() + 4f64.ln() + 2f64.ln()) / 4.0;
        assert!(near(evaluation.loss, loss), "{}", evaluation.loss);
        assert_eq!(evaluation.confusion, [[2, 0, 0], [1, 1, 0], [0, 0, 0]]);
        let class = |label: &str, examples, precision, recall, f1| ClassEvaluation {
            label: label.into(),
            examples,
            precision,
            recall,
            f1,
        };
        let expected = [
            class("cat", 2, Some(2.0 / 3.0), Some(1.0), Some(0.8)),
            class("dog", 2, Some(1.0), Some(0.5), Some(2.0 / 3.0)),
            class("sun", 0, None, None, None),
        ];
        assert_eq!(evaluation.classes, expected);
        // Two bins: a confidence of exactly one half belongs to the lower.
        let Reliability { loss, error, bins } = &evaluation.calibration.before;
        assert_eq!(*loss, evaluation.loss);
        let bins: Vec<_> = bins.iter().map(|bin| (bin.examples, bin.confidence, bin.accuracy)).collect();
        assert!(bins.len() == 2 && bins[0] == (1, 0.5, 1.0) && bins[1].0 == 3, "{bins:?}");
        assert!(near(bins[1].1, 0.75) && near(bins[1].2, 2.0 / 3.0), "{bins:?}");
        assert!(near(*error, 0.25 * 0.5 + 0.75 * (0.75 - 2.0 / 3.0)), "{error}");
        let json = serde_json::to_value(&evaluation).unwrap();
        assert!(json["accuracyInterval"][0].is_number() && json["classes"][2]["f1"].is_null(), "{json}");
    }

    #[test]
    fn intervals_are_wilsons() {
        for ((right, count), expected) in [
            ((0, 10), [0.0, 0.277_533]),
            ((10, 10), [0.722_467, 1.0]),
            ((1, 1), [0.206_549, 1.0]),
            ((80, 100), [0.711_170, 0.866_633]),
        ] {
            let interval = wilson(right, count);
            assert!(interval.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{right} {count}: {interval:?}");
        }
    }

    /// Logits whose softmax is the probability by which their targets are drawn, times `sharpness`.
    fn drawn(count: usize, sharpness: f32, seed: u64) -> (Vec<Vec<f32>>, Vec<usize>) {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let example = |_| {
            let logits: Vec<f32> = (0..4).map(|_| 6.0 * rng.random::<f32>() - 3.0).collect();
            let exponentials: Vec<f32> = logits.iter().map(|logit| logit.exp()).collect();
            let mut left = rng.random::<f32>() * exponentials.iter().sum::<f32>();
            let passed = |weight: &&f32| {
                left -= **weight;
                left > 0.0
            };
            let target = exponentials.iter().take_while(passed).count().min(3);
            (logits.iter().map(|logit| logit * sharpness).collect(), target)
        };
        (0..count).map(example).unzip()
    }

    #[test]
    fn the_temperature_undoes_what_made_answers_too_sure() {
        for sharpness in [0.3, 1.0, 5.0] {
            let (logits, targets) = drawn(4000, sharpness, 1);
            let Calibration { temperature, before, after } =
                Evaluation::new(&names(4), &logits, &targets).unwrap().calibration;
            assert!((temperature / f64::from(sharpness) - 1.0).abs() < 0.08, "{sharpness}: {temperature}");
            assert!(after.error < 0.03 && after.loss <= before.loss + 1e-9, "{sharpness}: {before:?} {after:?}");
            assert!(sharpness == 1.0 || before.error > 0.1, "{sharpness}: {before:?}");
            assert!(before.bins.len() <= 15 && before.bins.is_sorted_by_key(|bin| bin.confidence));
            // By the definition: neighbours are no better.
            let rows = checked(4, &logits, &targets).unwrap();
            let loss = |factor: f64| Reliability::of(&rows, temperature * factor).loss;
            assert!(loss(1.0) < loss(0.9) && loss(1.0) < loss(1.1));
        }
    }

    #[test]
    fn a_temperature_is_never_absurd() {
        let fitted = |logits: &[[f32; 2]], targets: &[usize]| {
            let logits: Vec<_> = logits.iter().map(|row| row.to_vec()).collect();
            let calibration = Evaluation::new(&names(2), &logits, targets).unwrap().calibration;
            let Calibration { temperature, before, after } = &calibration;
            let figures = [*temperature, before.loss, before.error, after.loss, after.error];
            assert!(figures.iter().all(|figure| figure.is_finite()), "{calibration:?}");
            assert!((0.05..=20.000_001).contains(temperature), "{calibration:?}");
            *temperature
        };
        // Two examples that are right are made right with probability 3/4, not 1.
        let sure = fitted(&[[2.0, 0.0], [0.0, 2.0]], &[0, 1]);
        assert!((sure - 2.0 / 3f64.ln()).abs() < 1e-6, "{sure}");
        assert!((fitted(&[[2.0, 0.0], [0.0, 2.0]], &[1, 0]) - 20.0).abs() < 1e-6, "all wrong");
        assert_eq!(fitted(&[[3.3, 3.3], [0.1, 0.1]], &[1, 0]), 1.0, "no temperature makes a difference");
        fitted(&[[f32::MAX, f32::MIN], [f32::MIN, f32::MAX]], &[0, 0]);
        fitted(&[[1e-30, 0.0]], &[0]);
    }

    #[test]
    fn one_class_is_always_right_and_nothing_is_no_input() {
        let one = Evaluation::new(&names(1), &[vec![0.3], vec![-2.0]], &[0, 0]).unwrap();
        assert_eq!((one.accuracy, one.loss, one.calibration.temperature), (1.0, 0.0, 1.0));
        assert_eq!((one.calibration.before.error, one.classes[0].f1), (0.0, Some(1.0)));
        let refused = |classes, logits: &[&[f32]], targets: &[usize]| {
            let logits: Vec<_> = logits.iter().map(|row| row.to_vec()).collect();
            Evaluation::new(&names(classes), &logits, targets).unwrap_err()
        };
        assert_eq!(refused(2, &[], &[]).code(), "too-few-examples");
        for (error, part) in [
            (refused(2, &[&[0.0, 1.0]], &[0, 1]), "1 rows of logits do not go with 2 targets"),
            (refused(2, &[&[0.0, 1.0], &[0.0]], &[0, 1]), "example 1 has 1 logits"),
            (refused(0, &[&[]], &[0]), "must be below 0"),
            (refused(2, &[&[0.0, 1.0]], &[2]), "must be below 2"),
            (refused(2, &[&[0.0, f32::NAN]], &[0]), "example 0 is not a finite number"),
            (refused(2, &[&[f32::NEG_INFINITY, 0.0]], &[0]), "example 0 is not a finite number"),
        ] {
            assert!(error.code() == "bad-input" && error.to_string().contains(part), "{error}");
        }
    }

    /// Examples about the axis of their class; those of the last two classes are about the same.
    fn clouds(counts: &[usize]) -> LabelledFeatures {
        let mut rng = Pcg64Mcg::seed_from_u64(3);
        let targets: Vec<usize> = counts.iter().enumerate().flat_map(|(class, count)| vec![class; *count]).collect();
        let feature = |class: &usize| -> Rc<[f32]> {
            let axis = (*class).min(counts.len() - 2);
            (0..8).map(|i| f32::from(u8::from(i == axis)) + 0.3 * rng.random::<f32>()).collect()
        };
        LabelledFeatures { classes: names(counts.len()), features: targets.iter().map(feature).collect(), targets }
    }

    #[test]
    fn cross_validation_asks_about_everything_once() {
        let [go_on, halt] = [Signal::Go, Signal::Stop].map(Cell::new);
        let validated = |examples: &LabelledFeatures, parts, stop| block_on(cross_validate(examples, parts, 1, stop));
        let examples = clouds(&[10, 12, 14]);
        let evaluation = validated(&examples, 5, &go_on).unwrap().unwrap();
        let count = |evaluation: &Evaluation| evaluation.classes.iter().map(|c| c.examples).collect::<Vec<_>>();
        assert_eq!((evaluation.examples, count(&evaluation)), (36, vec![10, 12, 14]));
        assert_eq!(evaluation.confusion[0], [10, 0, 0]);
        // What cannot be told apart is not told apart, though a head that has seen it could.
        assert!((0.4..0.85).contains(&evaluation.accuracy), "{evaluation:?}");
        assert_eq!(validated(&examples, 5, &go_on).unwrap().unwrap(), evaluation);
        let lonely = validated(&clouds(&[1, 4, 2]), 5, &go_on).unwrap().unwrap();
        assert_eq!(count(&lonely), [0, 4, 2]);

        assert_eq!(validated(&examples, 5, &halt).unwrap(), None);
        let code = |examples: &LabelledFeatures, parts| validated(examples, parts, &go_on).unwrap_err().code();
        assert_eq!(code(&examples, 1), "bad-option");
        assert_eq!(code(&clouds(&[1, 1]), 5), "too-few-examples");
        assert_eq!(code(&clouds(&[3, 0]), 5), "too-few-examples");
        assert_eq!(code(&LabelledFeatures { classes: names(1), ..clouds(&[3, 0]) }, 5), "too-few-classes");
        let mut broken = clouds(&[5, 5]);
        broken.features[2] = Rc::from([f32::NAN; 8].as_slice());
        assert_eq!(code(&broken, 5), "bad-input");
    }
}
