//! Multinomial logistic regression, solved to convergence.
//!
//! Minimised is the mean cross-entropy, in which every class counts the same however many examples it has, plus
//! strength / 2 times the squared weights. That is strictly convex: there is one answer, whatever the seed, the rate or
//! the number of steps. From weights of zero the first direction of descent is that of the prototypes (each class's mean
//! less that of all), so that they are what the regression starts from.
//!
//! The solver is L-BFGS (Liu and Nocedal, 1989). Logits are linear in the weights, so that along a direction of search the
//! loss needs no products with the examples: Newton's method finds the step, and an iteration costs one product to get
//! there and one for the gradient. Where features outnumber examples by far, the examples' coordinates among themselves,
//! from a Cholesky factor of their Gram matrix, take the place of features: the answer is the same, as it lies in the
//! examples' span (the representer theorem), and 200 examples of 1,280 features become 200 of 200.

use std::collections::VecDeque;
use std::rc::Rc;

use super::embedding::Embedding;
use super::exponential::exp;
use super::matrix::{Gram, Matrix, dot};
use super::{Head, HeadKind, LabelledFeatures};
use crate::error::{Error, Result};

/// How many past steps tell of the curvature.
const MEMORY: usize = 10;

/// The share of a direction's slope that may be left where a step ends.
const SLOPE_LEFT: f64 = 0.1;

/// How often a direction is looked at to find how far to go.
const LOOKS: usize = 12;

/// The regression on its way from weights of zero to the answer.
#[derive(Debug)]
pub(crate) struct Logistic {
    classes: Vec<String>,
    embedding: Embedding,
    /// Embedded features, a row an example.
    embedded: Matrix,
    /// Where the examples' coordinates are used instead.
    gram: Option<Gram>,
    /// What is regressed on: embedded features or coordinates, and a constant 1 for the bias.
    inputs: Matrix,
    targets: Vec<usize>,
    /// What each example counts; all sum to 1.
    shares: Vec<f32>,

    strength: f32,
    /// A row of as many values as `inputs` has columns for each class.
    weight: Vec<f32>,
    /// `[examples, classes]`.
    logits: Matrix,
    loss: f64,
    gradient: Vec<f32>,
    /// Steps with the changes of the gradient over them, the latest last.
    history: VecDeque<[Vec<f32>; 2]>,
    /// No step was found that leads further down: f32 tells no more.
    exhausted: bool,
}

impl Logistic {
    /// The regression on `examples` with weights of zero.
    ///
    /// # Errors
    /// [`Error::TooFewClasses`] for less than two classes, [`Error::TooFewExamples`] for a class without any, and
    /// [`Error::BadInput`] for features that are not finite.
    pub fn new(examples: &LabelledFeatures, strength: f32) -> Result<Self> {
        let features = examples.features.first().map_or(0, |features| features.len());
        // Coordinates cost a factorisation, so they have to save something.
        Self::build(examples, strength, features >= 2 * examples.features.len())
    }

    fn build(examples: &LabelledFeatures, strength: f32, among_themselves: bool) -> Result<Self> {
        let LabelledFeatures { classes, features, targets } = examples;
        if classes.len() < 2 {
            return Err(Error::TooFewClasses(classes.len()));
        }
        let mut counts = vec![0; classes.len()];
        targets.iter().for_each(|target| counts[*target] += 1);
        if let Some(class) = counts.iter().position(|count| *count == 0) {
            return Err(Error::TooFewExamples(format!("“{}” has no drawing; draw at least one", classes[class])));
        }
        if let Some(index) = features.iter().position(|f| f.is_empty() || f.iter().any(|v| !v.is_finite())) {
            return Err(Error::BadInput(format!(
                "the features of example {index} are not finite numbers; get the weights of the backbone again"
            )));
        }
        let embedding = Embedding::fit(features);
        let embedded = features.iter().flat_map(|features| embedding.apply(features)).collect();
        let embedded = Matrix::new(features[0].len(), embedded);
        let gram = among_themselves.then(|| Gram::new(&embedded));
        let mut inputs = Vec::new();
        match &gram {
            Some(gram) => gram.coordinates().for_each(|row| inputs.extend(row.chain([1.0]))),
            None => embedded.rows().for_each(|row| inputs.extend(row.iter().copied().chain([1.0]))),
        }
        let inputs = Matrix::new(inputs.len() / targets.len(), inputs);
        let share = |target: &usize| 1.0 / (classes.len() * counts[*target]) as f32;
        let mut regression = Self {
            classes: classes.clone(),
            embedding,
            embedded,
            gram,
            targets: targets.clone(),
            shares: targets.iter().map(share).collect(),
            strength,
            weight: vec![0.0; classes.len() * inputs.columns],
            logits: Matrix::zeros(targets.len(), classes.len()),
            inputs,
            loss: 0.0,
            gradient: Vec::new(),
            history: VecDeque::new(),
            exhausted: false,
        };
        regression.evaluate();
        Ok(regression)
    }

    /// Goes on with another strength, from the weights that there are.
    pub fn set_strength(&mut self, strength: f32) {
        self.strength = strength;
        self.history.clear();
        self.exhausted = false;
        self.evaluate();
    }

    /// The norm of the gradient; 0 too where f32 leads no further down.
    pub fn slope(&self) -> f64 {
        if self.exhausted { 0.0 } else { product(&self.gradient, &self.gradient).sqrt() }
    }

    /// Mean cross-entropy of the examples, every class counting the same, without the penalty.
    pub fn loss(&self) -> f32 {
        self.loss as f32
    }

    /// Share of the examples that are right.
    pub fn accuracy(&self) -> f32 {
        let right = |(row, target): &(&[f32], &usize)| row.iter().all(|logit| *logit <= row[**target]);
        self.logits.rows().zip(&self.targets).filter(right).count() as f32 / self.targets.len() as f32
    }

    /// One iteration.
    pub fn step(&mut self) {
        let direction = self.direction();
        let change = Matrix::new(self.inputs.columns, direction);
        let along = self.inputs.times_transposed(&change);
        let Some(length) = self.search(&change.values, &along) else {
            self.exhausted = true;
            return;
        };
        let step: Vec<f32> = change.values.iter().map(|v| v * length).collect();
        let before = std::mem::take(&mut self.gradient);
        add(&mut self.weight, &step, 1.0);
        add(&mut self.logits.values, &along.values, length);
        self.evaluate();
        let difference: Vec<f32> = self.gradient.iter().zip(&before).map(|(now, before)| now - before).collect();
        if product(&step, &difference) > 0.0 {
            if self.history.len() == MEMORY {
                self.history.pop_front();
            }
            self.history.push_back([step, difference]);
        }
    }

    /// Loss and gradient at the present logits and weights.
    fn evaluate(&mut self) {
        let classes = self.classes.len();
        self.loss = 0.0;
        let mut residuals = self.logits.clone();
        for ((row, target), share) in residuals.values.chunks_exact_mut(classes).zip(&self.targets).zip(&self.shares) {
            let logit = row[*target];
            let normaliser = soften(row);
            self.loss += f64::from(share * (normaliser - logit));
            row[*target] -= 1.0;
            row.iter_mut().for_each(|v| *v *= share);
        }
        self.gradient = residuals.transposed_times(&self.inputs).values;
        add(&mut self.gradient, &self.weight, self.strength);
    }

    /// Where to go: the gradient, turned by what past steps tell of the curvature (the two loops of L-BFGS).
    fn direction(&self) -> Vec<f32> {
        let mut direction: Vec<f32> = self.gradient.iter().map(|v| -v).collect();
        let mut factors = Vec::with_capacity(self.history.len());
        for [step, difference] in self.history.iter().rev() {
            let factor = product(step, &direction) / product(step, difference);
            add(&mut direction, difference, -factor as f32);
            factors.push(factor);
        }
        if let Some([step, difference]) = self.history.back() {
            let scale = (product(step, difference) / product(difference, difference)) as f32;
            direction.iter_mut().for_each(|v| *v *= scale);
        }
        for ([step, difference], factor) in self.history.iter().zip(factors.into_iter().rev()) {
            let back = factor - product(difference, &direction) / product(step, difference);
            add(&mut direction, step, back as f32);
        }
        direction
    }

    /// How far to go: to where the slope has nearly vanished, by Newton's method between what is too near and too far.
    /// `None` if the direction does not lead down.
    fn search(&self, direction: &[f32], along: &Matrix) -> Option<f32> {
        let [linear, quadratic] = [product(&self.weight, direction), product(direction, direction)];
        let mut logits = vec![0.0; along.columns];
        let mut look = |length: f64| -> [f64; 2] {
            let strength = f64::from(self.strength);
            let (mut slope, mut curvature) = (strength * (linear + length * quadratic), strength * quadratic);
            for (((row, change), target), share) in
                self.logits.rows().zip(along.rows()).zip(&self.targets).zip(&self.shares)
            {
                let moved = row.iter().zip(change).map(|(v, change)| v + length as f32 * change);
                logits.iter_mut().zip(moved).for_each(|(v, moved)| *v = moved);
                soften(&mut logits);
                let mean = dot(&logits, change);
                let spread: f32 = logits.iter().zip(change).map(|(p, v)| p * (v - mean) * (v - mean)).sum();
                slope += f64::from(share * (mean - change[*target]));
                curvature += f64::from(share * spread);
            }
            [slope, curvature]
        };
        let [steepest, curvature] = look(0.0);
        // Not a number counts as not leading down.
        if !(steepest < 0.0 && curvature > 0.0) {
            return None;
        }
        let (mut near, mut far, mut length) = (0.0, f64::INFINITY, -steepest / curvature);
        for _ in 0..LOOKS {
            let [slope, curvature] = look(length);
            if slope.abs() <= SLOPE_LEFT * -steepest {
                break;
            }
            if slope < 0.0 {
                near = length
            } else {
                far = length
            }
            let newton = length - slope / curvature;
            length = if newton > near && newton < far { newton } else { (near + far.min(4.0 * length)) / 2.0 };
        }
        Some(length as f32)
    }

    /// What it regresses on, for other features.
    pub fn inputs(&self, features: &[Rc<[f32]>]) -> Matrix {
        let embedded = features.iter().flat_map(|features| self.embedding.apply(features)).collect();
        let embedded = Matrix::new(self.embedded.columns, embedded);
        let rows: Vec<Vec<f32>> = match &self.gram {
            Some(gram) => gram.project(&embedded, &self.embedded).collect(),
            None => embedded.rows().map(<[f32]>::to_vec).collect(),
        };
        Matrix::new(self.inputs.columns, rows.into_iter().flat_map(|row| row.into_iter().chain([1.0])).collect())
    }

    /// The logits of what [`Logistic::inputs`] gave, at the present weights.
    pub fn logits(&self, inputs: &Matrix) -> Matrix {
        inputs.times_transposed(&Matrix::new(self.inputs.columns, self.weight.clone()))
    }

    /// Iterates until the gradient is no longer than `slope`; returns how often.
    #[cfg(test)]
    fn solve(&mut self, slope: f64) -> usize {
        let mut iterations = 0;
        while self.slope() > slope && iterations < 1000 {
            self.step();
            iterations += 1;
        }
        iterations
    }

    /// The classifier at the present weights.
    pub fn head(&self) -> Head {
        let rows = self.weight.chunks_exact(self.inputs.columns);
        let (mut weight, mut bias) = (Vec::new(), Vec::new());
        for row in rows {
            let (last, row) = row.split_last().expect("there is a constant");
            bias.push(*last);
            match &self.gram {
                Some(gram) => weight.extend(gram.combine(row, &self.embedded)),
                None => weight.extend(row),
            }
        }
        let (classes, embedding) = (self.classes.clone(), Some(self.embedding.clone()));
        Head { kind: HeadKind::Linear, classes, embedding, hidden: None, weight, bias }
    }
}

/// Turns logits into probabilities; returns the logarithm of the sum of their exponentials.
fn soften(logits: &mut [f32]) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter_mut().for_each(|v| *v = exp(*v - largest));
    let sum: f32 = logits.iter().sum();
    let factor = sum.recip();
    logits.iter_mut().for_each(|v| *v *= factor);
    largest + sum.ln()
}

/// `sum += factor · other`.
fn add(sum: &mut [f32], other: &[f32], factor: f32) {
    sum.iter_mut().zip(other).for_each(|(sum, v)| *sum += factor * v);
}

/// The scalar product: blocks in f32, their sum in f64.
fn product(a: &[f32], b: &[f32]) -> f64 {
    a.chunks(256).zip(b.chunks(256)).map(|(a, b)| f64::from(dot(a, b))).sum()
}

#[cfg(test)]
mod tests {
    use rand::{Rng, RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    use super::*;

    /// Examples around a random direction for each class, with `noise` times as much of chance in them.
    fn clouds(classes: usize, shots: usize, length: usize, noise: f32, seed: u64) -> [LabelledFeatures; 2] {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let centres: Vec<Vec<f32>> = (0..classes).map(|_| normal(length, &mut rng)).collect();
        [(); 2].map(|()| {
            let targets: Vec<usize> = (0..classes * shots).map(|index| index % classes).collect();
            let mut feature = |class: &usize| -> Rc<[f32]> {
                let chance = normal(length, &mut rng);
                centres[*class].iter().zip(chance).map(|(v, chance)| v + noise * chance).collect()
            };
            let features = targets.iter().map(&mut feature).collect();
            LabelledFeatures { classes: (0..classes).map(|class| class.to_string()).collect(), features, targets }
        })
    }

    /// As good as normally distributed.
    fn normal(length: usize, rng: &mut impl Rng) -> Vec<f32> {
        (0..length).map(|_| (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0).collect()
    }

    #[test]
    fn logits_in_coordinates_are_those_of_the_head() {
        let [examples, queries] = clouds(3, 4, 60, 1.0, 5);
        for among_themselves in [true, false] {
            let mut regression = Logistic::build(&examples, 0.01, among_themselves).unwrap();
            regression.solve(1e-4);
            let (head, logits) = (regression.head(), regression.logits(&regression.inputs(&queries.features)));
            for (row, features) in logits.rows().zip(&queries.features) {
                let expected = head.logits(features);
                assert!(row.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-3), "{row:?} and {expected:?}");
            }
        }
    }

    fn solved(examples: &LabelledFeatures, strength: f32) -> Head {
        let mut regression = Logistic::new(examples, strength).unwrap();
        regression.solve(1e-5);
        regression.head()
    }

    fn accuracy(head: &Head, queries: &LabelledFeatures) -> f32 {
        let right = |(features, target): (&Rc<[f32]>, &usize)| {
            let logits = head.logits(features);
            logits.iter().all(|logit| *logit <= logits[*target])
        };
        let right = queries.features.iter().zip(&queries.targets).filter(|pair| right(*pair)).count();
        right as f32 / queries.targets.len() as f32
    }

    #[test]
    fn the_gradient_vanishes_at_the_answer() {
        for (classes, shots, length) in [(3, 4, 100), (5, 40, 30)] {
            let [examples, _] = clouds(classes, shots, length, 2.0, 1);
            let strength = 0.03;
            let head = solved(&examples, strength);
            // By the definition of the loss, in f64.
            let (weight, bias) = head.parameters();
            let mut gradient: Vec<f64> = weight.iter().chain(bias).map(|v| f64::from(strength * v)).collect();
            let share = 1.0 / examples.targets.len() as f64;
            for (features, target) in examples.features.iter().zip(&examples.targets) {
                let embedded = head.embedding().unwrap().apply(features);
                for (class, p) in head.probabilities(features).into_iter().enumerate() {
                    let residual = share * (f64::from(p) - f64::from(u8::from(class == *target)));
                    let row = &mut gradient[class * length..][..length];
                    row.iter_mut().zip(&embedded).for_each(|(sum, v)| *sum += residual * f64::from(*v));
                    gradient[classes * length + class] += residual;
                }
            }
            let norm = gradient.iter().map(|v| v * v).sum::<f64>().sqrt();
            assert!(norm < 2e-4, "{norm}");
        }
    }

    #[test]
    fn features_and_coordinates_give_the_same_answer() {
        let [mut examples, queries] = clouds(4, 6, 60, 2.0, 2);
        // A drawing twice: the Gram matrix is singular.
        examples.features[5] = examples.features[1].clone();
        let [a, b] = [true, false].map(|among_themselves| {
            let mut regression = Logistic::build(&examples, 0.01, among_themselves).unwrap();
            assert!(regression.solve(1e-5) < 100);
            regression.head()
        });
        for features in &queries.features {
            let [a, b] = [&a, &b].map(|head| head.logits(features));
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 5e-3), "{a:?} {b:?}");
        }
    }

    #[test]
    fn what_can_be_told_apart_perfectly_is_not_certain() {
        let [examples, queries] = clouds(2, 3, 200, 0.1, 3);
        let head = solved(&examples, 0.1);
        for features in &queries.features {
            let largest = head.probabilities(features).into_iter().fold(0.0, f32::max);
            assert!((0.9..0.999).contains(&largest), "{largest}");
        }
    }

    #[test]
    fn identical_drawings_give_even_odds() {
        let examples = LabelledFeatures {
            classes: vec!["cat".into(), "dog".into()],
            features: vec![Rc::from([1.0, 2.0, 0.0].as_slice()); 5],
            targets: vec![0, 1, 1, 0, 1],
        };
        for among_themselves in [true, false] {
            let mut regression = Logistic::build(&examples, 0.01, among_themselves).unwrap();
            assert_eq!(regression.solve(1e-5), 0);
            regression.step();
            // Three dogs to two cats is no reason to expect a dog.
            for p in regression.head().probabilities(&[0.3, 0.2, 0.1]) {
                assert!((p - 0.5).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn it_is_better_than_prototypes_where_some_features_are_noise() {
        let [mut examples, mut queries] = clouds(6, 20, 80, 1.5, 4);
        let mut rng = Pcg64Mcg::seed_from_u64(5);
        for features in examples.features.iter_mut().chain(&mut queries.features) {
            let chance = normal(20, &mut rng);
            let noisy =
                features.iter().enumerate().map(|(index, v)| if index < 20 { 12.0 * chance[index] } else { *v });
            *features = noisy.collect();
        }
        let [prototypes, regression] = [Head::prototype(&examples).unwrap(), solved(&examples, 0.1)];
        let [prototypes, regression] = [prototypes, regression].map(|head| accuracy(&head, &queries));
        assert!(regression > prototypes + 0.05, "{regression} {prototypes}");
    }

    #[test]
    fn a_path_ends_where_a_fresh_start_does_and_every_time_at_the_same() {
        let [examples, queries] = clouds(5, 10, 40, 2.0, 6);
        let mut path = Logistic::new(&examples, 1.0).unwrap();
        for strength in [1.0, 0.1, 0.02] {
            path.set_strength(strength);
            path.solve(1e-5);
        }
        let fresh = solved(&examples, 0.02);
        assert_eq!(fresh, solved(&examples, 0.02));
        let (a, b) = (path.head().logits(&queries.features[0]), fresh.logits(&queries.features[0]));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 5e-3), "{a:?} {b:?}");
    }

    #[test]
    fn refuses_what_cannot_be_learned_from() {
        let [examples, _] = clouds(2, 2, 4, 1.0, 7);
        let code = |examples: &LabelledFeatures| Logistic::new(examples, 0.1).unwrap_err().code();
        assert_eq!(code(&LabelledFeatures { targets: vec![0; 4], ..examples.clone() }), "too-few-examples");
        assert_eq!(code(&LabelledFeatures { classes: vec!["cat".into()], ..examples.clone() }), "too-few-classes");
        let mut broken = examples;
        broken.features[1] = Rc::from([1.0, f32::NAN, 0.0, 0.0].as_slice());
        assert_eq!(code(&broken), "bad-input");
    }
}
