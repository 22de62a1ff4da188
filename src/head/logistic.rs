//! Multinomial logistic regression, solved to convergence.
//!
//! Minimised is the mean cross-entropy, in which every class counts the same however many examples it has, plus
//! strength / 2 times the squared weights. That is strictly convex: there is one answer, whatever the seed, the rate or
//! the number of steps. From weights of zero the first direction of descent is that of the prototypes (each class's mean
//! less that of all), so that they are what the regression starts from.
//!
//! The solver is L-BFGS (Liu and Nocedal, 1989). Whatever it adds up are weights, and logits are linear in them: each is kept
//! with the logits that it gives, which are added up with it. So a search for how far to go needs no products with the
//! examples, Newton's method finds the step, and what is left of an iteration are the products for the new gradient.
//!
//! Where features are no fewer than examples, weights are told by how much of each example is in them (the representer
//! theorem): 200 examples of 1,280 features have 200 values a class instead of 1,281. Their logits are a product with the
//! examples' products with each other, and scalar products of weights are those of shares with logits; all else is the same.

use std::collections::VecDeque;
use std::rc::Rc;

use super::design::Design;
use super::exponential::exp;
use super::matrix::Matrix;
use super::{Head, HeadKind, is_right};
use crate::kernels::dot;

/// Products are fastest where sizes are whole vectors.
const VECTORS: usize = 4;

/// How many past steps tell of the curvature.
const MEMORY: usize = 10;

/// The share of a direction's slope that may be left where a step ends.
const SLOPE_LEFT: f64 = 0.1;

/// How often a direction is looked at to find how far to go.
const LOOKS: usize = 12;

/// The regression on its way from weights of zero to the answer.
#[derive(Debug)]
pub(crate) struct Logistic {
    design: Rc<Design>,
    space: Space,
    /// What each example counts: all sum to 1, and those that are held out or fill up count nothing.
    shares: Vec<f32>,

    strength: f32,
    weights: Weights,
    loss: f64,
    gradient: Weights,
    /// The latest last.
    history: VecDeque<Past>,
    /// No step was found that leads further down: f32 tells no more.
    exhausted: bool,
}

/// What weights are made of.
#[derive(Debug)]
enum Space {
    /// A value for each feature and one for the bias.
    Features {
        /// Embedded features, a row an example, a constant 1 for the bias, and zeros, in examples as in values, until there
        /// are whole [`VECTORS`].
        inputs: Matrix,
        /// `inputs`, a column an example.
        across: Matrix,
    },
    /// So much of each example, of which the constant for the bias is a part.
    Examples {
        /// Their products with each other, and zeros until there are whole [`VECTORS`].
        products: Matrix,
    },
}

/// Weights, or a difference of some.
#[derive(Debug, Clone)]
struct Weights {
    /// A row a class, as the [`Space`] has them.
    values: Matrix,
    /// What they give, `[classes, examples]`, so that examples go side by side through all that is done to them.
    logits: Matrix,
}

/// A step, and how the gradient changed over it.
#[derive(Debug)]
struct Past {
    step: Weights,
    difference: Weights,
    /// Of the two; above 0.
    product: f64,
    /// Of the step with itself.
    square: f64,
}

impl Space {
    fn new(design: &Design, counts: &[bool]) -> Self {
        match design.products(counts) {
            Some(products) => {
                let size = products.columns.next_multiple_of(VECTORS);
                let mut filled = Matrix::zeros(size, size);
                for (target, row) in filled.values.chunks_exact_mut(size).zip(products.rows()) {
                    // The product of the constants.
                    target.iter_mut().zip(row).for_each(|(target, v)| *target = v + 1.0);
                }
                Self::Examples { products: filled }
            }
            None => {
                let rows = design.embedded(&design.shift(counts), 0..counts.len());
                let [count, width] = [counts.len(), rows.columns + 1].map(|size| size.next_multiple_of(VECTORS));
                let mut inputs = Matrix::zeros(count, width);
                for (target, row) in inputs.values.chunks_exact_mut(width).zip(rows.rows()) {
                    target[..row.len()].copy_from_slice(row);
                    target[row.len()] = 1.0;
                }
                Self::Features { across: inputs.transposed(), inputs }
            }
        }
    }

    /// Weights of zero.
    fn zero(&self, classes: usize) -> Weights {
        let zeros = |size: &Matrix| Matrix::zeros(classes, size.columns);
        match self {
            Self::Features { inputs, across } => Weights { values: zeros(inputs), logits: zeros(across) },
            Self::Examples { products } => Weights { values: zeros(products), logits: zeros(products) },
        }
    }

    /// So much of each example, `[classes, examples]`, as values of weights.
    fn values(&self, of: Matrix) -> Matrix {
        match self {
            Self::Features { inputs, .. } => of.times(inputs),
            Self::Examples { .. } => of,
        }
    }

    /// What weights of such values give.
    fn logits(&self, values: &Matrix) -> Matrix {
        let (Self::Features { across, .. } | Self::Examples { products: across }) = self;
        values.times(across)
    }

    /// The scalar product of weights.
    fn product(&self, a: &Weights, b: &Weights) -> f64 {
        match self {
            Self::Features { .. } => product(&a.values.values, &b.values.values),
            Self::Examples { .. } => product(&a.values.values, &b.logits.values),
        }
    }
}

impl Weights {
    /// `self += factor · other`.
    fn add(&mut self, other: &Self, factor: f32) {
        add(&mut self.values.values, &other.values.values, factor);
        add(&mut self.logits.values, &other.logits.values, factor);
    }

    fn scale(&mut self, factor: f32) {
        let [values, logits] = [&mut self.values.values, &mut self.logits.values];
        values.iter_mut().chain(logits).for_each(|v| *v *= factor);
    }
}

impl Logistic {
    /// The regression on all examples but those at `held_out`, whose logits it has too. Every class keeps one.
    pub fn without(held_out: &[usize], design: &Rc<Design>, strength: f32) -> Self {
        let mut counts = vec![true; design.targets.len()];
        held_out.iter().for_each(|index| counts[*index] = false);
        let mut sizes = vec![0; design.classes.len()];
        let counted = || design.targets.iter().zip(&counts).filter(|(_, counts)| **counts);
        counted().for_each(|(target, _)| sizes[*target] += 1);
        let share = |(target, counts): (&usize, &bool)| match counts {
            true => 1.0 / (sizes.len() * sizes[*target]) as f32,
            false => 0.0,
        };
        let mut shares: Vec<f32> = design.targets.iter().zip(&counts).map(share).collect();
        let space = Space::new(design, &counts);
        let zero = space.zero(sizes.len());
        shares.resize(zero.logits.columns, 0.0);
        let mut regression = Self {
            design: design.clone(),
            space,
            shares,
            strength,
            gradient: zero.clone(),
            loss: 0.0,
            history: VecDeque::new(),
            exhausted: false,
            weights: zero,
        };
        regression.evaluate(Softened::new(regression.weights.logits.clone()));
        regression
    }

    /// Goes on with another strength, from the weights that there are. What past steps tell of the curvature holds on: the
    /// penalty's part of it is known.
    pub fn set_strength(&mut self, strength: f32) {
        let more = strength - self.strength;
        self.strength = strength;
        add(&mut self.gradient.values.values, &self.weights.values.values, more);
        self.gradient.logits = self.space.logits(&self.gradient.values);
        for past in &mut self.history {
            past.difference.add(&past.step, more);
            past.product += f64::from(more) * past.square;
        }
        self.history.retain(|past| past.product > 0.0);
        self.exhausted = false;
    }

    /// The norm of the gradient; 0 too where f32 leads no further down.
    pub fn slope(&self) -> f64 {
        // Rounding can leave the square of nothing below 0.
        if self.exhausted { 0.0 } else { self.space.product(&self.gradient, &self.gradient).max(0.0).sqrt() }
    }

    /// The most that what is minimised is above its least value. It is strongly convex: half the gradient's square by the
    /// strength.
    pub fn excess(&self) -> f64 {
        self.slope().powi(2) / (2.0 * f64::from(self.strength))
    }

    /// Mean cross-entropy of the examples, every class counting the same, without the penalty.
    pub fn loss(&self) -> f32 {
        self.loss as f32
    }

    /// Share of the examples that are right, of those that are not held out.
    pub fn accuracy(&self) -> f32 {
        let counts = self.counts();
        let right = |example: &usize| is_right(&self.logits(*example), self.design.targets[*example]);
        let counted = || (0..counts.len()).filter(|example| counts[*example]);
        counted().filter(right).count() as f32 / counted().count() as f32
    }

    /// Which examples count: those that are not held out.
    fn counts(&self) -> Vec<bool> {
        self.shares[..self.design.targets.len()].iter().map(|share| *share > 0.0).collect()
    }

    /// One logit a class for an example, held out or not.
    pub fn logits(&self, example: usize) -> Vec<f32> {
        self.weights.logits.rows().map(|row| row[example]).collect()
    }

    /// One iteration.
    pub fn step(&mut self) {
        let mut step = self.direction();
        let Some((length, there)) = self.search(&step) else {
            // Past steps may mislead by now, and logits have drifted from their weights: once more without both.
            self.exhausted = self.history.is_empty();
            self.history.clear();
            self.weights.logits = self.space.logits(&self.weights.values);
            self.evaluate(Softened::new(self.weights.logits.clone()));
            return;
        };
        step.scale(length);
        self.weights.add(&step, 1.0);
        let mut difference = self.gradient.clone();
        self.evaluate(there);
        difference.scale(-1.0);
        difference.add(&self.gradient, 1.0);
        let [product, square] = [&difference, &step].map(|other| self.space.product(&step, other));
        if product > 0.0 {
            if self.history.len() == MEMORY {
                self.history.pop_front();
            }
            self.history.push_back(Past { step, difference, product, square });
        }
    }

    /// Loss and gradient at the present weights, whose logits have been made to probabilities already.
    fn evaluate(&mut self, Softened { probabilities: mut residuals, normalisers }: Softened) {
        for row in residuals.values.chunks_exact_mut(self.shares.len()) {
            row.iter_mut().zip(&self.shares).for_each(|(v, share)| *v *= share);
        }
        self.loss = 0.0;
        for (example, (target, share)) in self.design.targets.iter().zip(&self.shares).enumerate() {
            self.loss += f64::from(share * (normalisers[example] - self.weights.logits.row(*target)[example]));
            residuals.values[target * self.shares.len() + example] -= share;
        }
        let mut values = self.space.values(residuals);
        add(&mut values.values, &self.weights.values.values, self.strength);
        // Not what the weights' logits come to, in which rounding has added up.
        self.gradient = Weights { logits: self.space.logits(&values), values };
    }

    /// Where to go: the gradient, turned by what past steps tell of the curvature (the two loops of L-BFGS).
    fn direction(&self) -> Weights {
        let mut direction = self.gradient.clone();
        direction.scale(-1.0);
        let mut factors = Vec::with_capacity(self.history.len());
        for past in self.history.iter().rev() {
            let factor = self.space.product(&past.step, &direction) / past.product;
            direction.add(&past.difference, -factor as f32);
            factors.push(factor);
        }
        if let Some(past) = self.history.back() {
            direction.scale((past.product / self.space.product(&past.difference, &past.difference)) as f32);
        }
        for (past, factor) in self.history.iter().zip(factors.into_iter().rev()) {
            let back = factor - self.space.product(&past.difference, &direction) / past.product;
            direction.add(&past.step, back as f32);
        }
        direction
    }

    /// How far to go: to where the slope has nearly vanished, by Newton's method between what is too near and too far.
    /// And what is there. `None` if the direction does not lead down.
    fn search(&self, direction: &Weights) -> Option<(f32, Softened)> {
        let along = &direction.logits;
        let [linear, quadratic] = [&self.weights, direction].map(|other| self.space.product(other, direction));
        let targets = self.design.targets.iter().zip(&self.shares).enumerate();
        let wanted: f64 = targets.map(|(i, (target, share))| f64::from(share * along.row(*target)[i])).sum();
        let at = |length: f64| {
            let mut moved = self.weights.logits.clone();
            add(&mut moved.values, &along.values, length as f32);
            Softened::new(moved)
        };
        let look = |there: &Softened, length: f64| -> [f64; 2] {
            let moved = &there.probabilities;
            let (mut means, mut spreads) = (vec![0.0; along.columns], vec![0.0; along.columns]);
            for (row, change) in moved.rows().zip(along.rows()) {
                means.iter_mut().zip(row).zip(change).for_each(|((mean, p), v)| *mean += p * v);
            }
            for (row, change) in moved.rows().zip(along.rows()) {
                for (((spread, p), v), mean) in spreads.iter_mut().zip(row).zip(change).zip(&means) {
                    *spread += p * (v - mean) * (v - mean);
                }
            }
            let strength = f64::from(self.strength);
            let slope = product(&self.shares, &means) - wanted + strength * (linear + length * quadratic);
            [slope, product(&self.shares, &spreads) + strength * quadratic]
        };
        let steepest = self.space.product(&self.gradient, direction);
        // Not a number counts as not leading down.
        if steepest.is_nan() || steepest >= 0.0 {
            return None;
        }
        // What past steps tell of the curvature makes a direction about as long as the way.
        let mut length = if self.history.is_empty() { -steepest / look(&at(0.0), 0.0)[1] } else { 1.0 };
        let (mut near, mut far) = (0.0, f64::INFINITY);
        let mut there = at(length);
        for _ in 0..LOOKS {
            let [slope, curvature] = look(&there, length);
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
            there = at(length);
        }
        Some((length as f32, there))
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
        let (design, shift) = (&self.design, self.design.shift(&self.counts()));
        let embedding = design.embedding(&shift);
        let values = &self.weights.values;
        let (weight, bias) = match &self.space {
            Space::Features { .. } => {
                let width = embedding.centre().len();
                let weight = values.rows().flat_map(|row| &row[..width]).copied().collect();
                (weight, values.rows().map(|row| row[width]).collect())
            }
            Space::Examples { .. } => {
                let count = design.targets.len();
                let shares = values.rows().flat_map(|row| &row[..count]).copied().collect();
                let weight = Matrix::new(count, shares).times(&design.embedded(&shift, 0..count)).values;
                (weight, values.rows().map(|row| row.iter().sum()).collect())
            }
        };
        Head {
            kind: HeadKind::Linear,
            classes: design.classes.clone(),
            embedding: Some(embedding),
            hidden: None,
            weight,
            bias,
        }
    }
}

/// Columns of logits as probabilities.
struct Softened {
    probabilities: Matrix,
    /// The logarithms of the sums of the logits' exponentials.
    normalisers: Vec<f32>,
}

impl Softened {
    fn new(mut logits: Matrix) -> Self {
        let mut largest = logits.row(0).to_vec();
        for row in logits.rows().skip(1) {
            largest.iter_mut().zip(row).for_each(|(largest, v)| *largest = if *v > *largest { *v } else { *largest });
        }
        let mut sums = vec![0.0; logits.columns];
        for row in logits.values.chunks_exact_mut(logits.columns) {
            for ((v, sum), largest) in row.iter_mut().zip(&mut sums).zip(&largest) {
                *v = exp(*v - largest);
                *sum += *v;
            }
        }
        let factors: Vec<f32> = sums.iter().map(|sum: &f32| sum.recip()).collect();
        for row in logits.values.chunks_exact_mut(logits.columns) {
            row.iter_mut().zip(&factors).for_each(|(v, factor)| *v *= factor);
        }
        let normalisers = largest.iter().zip(sums).map(|(largest, sum)| largest + sum.ln()).collect();
        Self { probabilities: logits, normalisers }
    }
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
    use crate::head::LabelledFeatures;

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
    fn what_is_held_out_is_seen_as_by_the_head_and_changes_nothing() {
        let [examples, queries] = clouds(3, 4, 60, 1.0, 5);
        let count = examples.targets.len();
        let mut all = examples.clone();
        all.features.extend(queries.features.iter().cloned());
        all.targets.extend(&queries.targets);
        let held_out: Vec<usize> = (count..2 * count).collect();
        let alone = solved(&examples, 0.01);
        for among_themselves in [true, false] {
            let design = Rc::new(Design::build(&all, among_themselves).unwrap());
            let mut regression = Logistic::without(&held_out, &design, 0.01);
            regression.solve(1e-5);
            let head = regression.head();
            for (index, features) in held_out.iter().zip(&queries.features) {
                let [own, expected, alone] = [regression.logits(*index), head.logits(features), alone.logits(features)];
                let near = |a: &[f32], b: &[f32], most: f32| a.iter().zip(b).all(|(a, b)| (a - b).abs() < most);
                assert!(near(&own, &expected, 1e-3), "{own:?} and {expected:?}");
                assert!(near(&expected, &alone, 5e-3), "{expected:?} and {alone:?}");
            }
        }
    }

    fn among(examples: &LabelledFeatures, themselves: bool) -> Logistic {
        Logistic::without(&[], &Rc::new(Design::build(examples, themselves).unwrap()), 0.01)
    }

    fn solved(examples: &LabelledFeatures, strength: f32) -> Head {
        let mut regression = Logistic::without(&[], &Rc::new(Design::new(examples).unwrap()), strength);
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
        // The last are of three dimensions only, where rounding soon hides what is left to be done.
        for (classes, shots, length, rank, strength, most) in
            [(3, 4, 100, 100, 0.03, 5e-5), (5, 40, 30, 30, 0.03, 5e-5), (10, 40, 500, 3, 1e-3, 3e-4)]
        {
            let [mut examples, _] = clouds(classes, shots, rank, 2.0, 1);
            if rank < length {
                let mut rng = Pcg64Mcg::seed_from_u64(8);
                let across: Vec<Vec<f32>> = (0..rank).map(|_| normal(length, &mut rng)).collect();
                let value = |few: &[f32], i: usize| few.iter().zip(&across).map(|(v, row)| v * row[i]).sum::<f32>();
                for features in &mut examples.features {
                    *features = (0..length).map(|i| value(features, i)).collect();
                }
            }
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
            assert!(norm < most, "{classes} classes of rank {rank}: {norm}");
        }
    }

    #[test]
    fn features_and_shares_of_examples_give_the_same_answer() {
        let [mut examples, queries] = clouds(4, 6, 60, 2.0, 2);
        // A drawing twice: their products with each other are singular.
        examples.features[5] = examples.features[1].clone();
        let [a, b] = [true, false].map(|among_themselves| {
            let mut regression = among(&examples, among_themselves);
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
            let mut regression = among(&examples, among_themselves);
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
        let mut path = Logistic::without(&[], &Rc::new(Design::new(&examples).unwrap()), 1.0);
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
        let code = |examples: &LabelledFeatures| Design::new(examples).unwrap_err().code();
        assert_eq!(code(&LabelledFeatures { targets: vec![0; 4], ..examples.clone() }), "too-few-examples");
        assert_eq!(code(&LabelledFeatures { classes: vec!["cat".into()], ..examples.clone() }), "too-few-classes");
        let mut broken = examples;
        broken.features[1] = Rc::from([1.0, f32::NAN, 0.0, 0.0].as_slice());
        assert_eq!(code(&broken), "bad-input");
    }
}
