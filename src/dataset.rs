//! Labelled examples and how they are split.

use std::collections::HashSet;

use crate::error::{Error, Result};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;

/// The longest class name, in characters.
const MAX_LABEL: usize = 100;

/// Identifies an example for as long as its dataset lives.
pub type ExampleId = u32;

/// A labelled example. What was drawn is kept elsewhere.
#[derive(Debug, Clone)]
pub struct Example {
    /// Its identifier.
    pub id: ExampleId,
    /// Name of its class.
    pub label: String,
}

/// Examples in the order in which they were added; classes are in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    examples: Vec<Example>,
    classes: Vec<String>,
    next: ExampleId,
}

/// A class name without surrounding space.
///
/// # Errors
/// [`Error::BadLabel`] if nothing is left, or more than 100 characters or a control character are in it.
pub fn checked_label(label: &str) -> Result<&str> {
    let label = label.trim();
    if label.is_empty() {
        return Err(Error::BadLabel("a class needs a name".into()));
    }
    if label.chars().count() > MAX_LABEL || label.chars().any(char::is_control) {
        return Err(Error::BadLabel(format!(
            "a class name has at most {MAX_LABEL} characters, none of them a control character"
        )));
    }
    Ok(label)
}

/// Leaves room for more numbers than anybody has doodles.
const MOST_ID: ExampleId = 1 << 31;

impl Dataset {
    /// The dataset that had these examples and classes; the error says why there was none.
    pub(crate) fn restore(examples: Vec<Example>, classes: Vec<String>) -> Result<Self, String> {
        let numbers: HashSet<ExampleId> = examples.iter().map(|example| example.id).collect();
        let next = numbers.iter().max().map_or(0, |last| last.saturating_add(1));
        if numbers.len() != examples.len() || next > MOST_ID {
            return Err("examples have the same number, or one that is too high".into());
        }
        let labels: HashSet<&String> = examples.iter().map(|example| &example.label).collect();
        match classes.iter().find(|class| !labels.contains(class)) {
            Some(empty) => Err(format!("class “{empty}” has no example")),
            None => Ok(Self { examples, classes, next }),
        }
    }

    /// Adds an example and, at its first one, its class.
    ///
    /// # Errors
    /// [`Error::BadLabel`] for an unusable name.
    pub fn add(&mut self, label: &str) -> Result<ExampleId> {
        let label = checked_label(label)?.to_owned();
        self.ensure_class(&label);
        let id = self.next;
        self.next += 1;
        self.examples.push(Example { id, label });
        Ok(id)
    }

    fn ensure_class(&mut self, label: &str) {
        if !self.classes.iter().any(|class| class == label) {
            self.classes.push(label.to_owned());
        }
    }

    /// Forgets the classes that have no example any more.
    fn drop_empty_classes(&mut self) {
        let examples = &self.examples;
        self.classes.retain(|class| examples.iter().any(|example| example.label == *class));
    }

    fn find(&mut self, id: ExampleId) -> Result<&mut Example> {
        self.examples.iter_mut().find(|example| example.id == id).ok_or(Error::UnknownExample(id))
    }

    /// Removes examples, all or none.
    ///
    /// # Errors
    /// [`Error::UnknownExample`] for the first one that does not exist.
    pub fn remove(&mut self, ids: &[ExampleId]) -> Result<()> {
        ids.iter().try_for_each(|id| self.find(*id).map(drop))?;
        self.examples.retain(|example| !ids.contains(&example.id));
        self.drop_empty_classes();
        Ok(())
    }

    /// Gives an example to another, possibly new, class.
    ///
    /// # Errors
    /// [`Error::UnknownExample`], or [`Error::BadLabel`] for an unusable name.
    pub fn relabel(&mut self, id: ExampleId, label: &str) -> Result<()> {
        let label = checked_label(label)?;
        self.find(id)?.label = label.to_owned();
        self.ensure_class(label);
        self.drop_empty_classes();
        Ok(())
    }

    /// Gives a class another name.
    ///
    /// # Errors
    /// [`Error::UnknownClass`], or [`Error::BadLabel`] if the new name is unusable or taken.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        let to = checked_label(to)?;
        let index = self.class_index(from)?;
        if from != to && self.classes.iter().any(|class| class == to) {
            return Err(Error::BadLabel(format!("there is a class named “{to}” already; choose another name")));
        }
        self.classes[index] = to.to_owned();
        self.examples
            .iter_mut()
            .filter(|example| example.label == from)
            .for_each(|example| example.label = to.to_owned());
        Ok(())
    }

    /// The examples of a class.
    ///
    /// # Errors
    /// [`Error::UnknownClass`].
    pub fn of_class(&self, label: &str) -> Result<Vec<ExampleId>> {
        self.class_index(label)?;
        Ok(self.examples.iter().filter(|example| example.label == label).map(|example| example.id).collect())
    }

    fn class_index(&self, label: &str) -> Result<usize> {
        self.classes.iter().position(|class| class == label).ok_or_else(|| Error::UnknownClass(label.to_owned()))
    }

    /// The examples, in the order in which they were added.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// The classes; each has an example.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The class index of every example.
    pub fn targets(&self) -> Vec<usize> {
        let index = |example: &Example| self.class_index(&example.label).expect("every example's class is listed");
        self.examples.iter().map(index).collect()
    }
}

/// Indices of the examples to learn from and of those held out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// To learn from.
    pub training: Vec<usize>,
    /// Held out; may be empty.
    pub validation: Vec<usize>,
}

/// Holds out `share` of every class, rounded, chosen by `seed`. A class of four or more gives at least one and keeps at
/// least three; a smaller one gives none, since each of its examples is worth more in training. One class alone is not held out:
/// who always answers that would seem the best.
pub fn stratified_split(targets: &[usize], share: f64, seed: u64) -> Split {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let mut split = Split { training: Vec::new(), validation: Vec::new() };
    for class in 0..targets.iter().max().map_or(0, |largest| largest + 1) {
        let mut members: Vec<usize> = (0..targets.len()).filter(|index| targets[*index] == class).collect();
        members.shuffle(&mut rng);
        let held_out = match members.len() {
            0..4 => 0,
            _ if share <= 0.0 => 0,
            count => ((count as f64 * share).round() as usize).clamp(1, count - 3),
        };
        split.validation.extend(members.drain(..held_out));
        split.training.extend(members);
    }
    if !split.validation.iter().any(|index| targets[*index] != targets[split.validation[0]]) {
        split.training.append(&mut split.validation);
    }
    split.training.sort_unstable();
    split.validation.sort_unstable();
    split
}

/// Deals the examples into at most `count` parts, chosen by `seed`, and holds out each part in turn. Classes are spread
/// evenly, and a class is never held out as a whole: one with a single example is not dealt. No parts if none is left.
pub fn folds(targets: &[usize], count: usize, seed: u64) -> Vec<Split> {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let mut dealt = Vec::with_capacity(targets.len());
    for class in 0..targets.iter().max().map_or(0, |largest| largest + 1) {
        let mut members: Vec<usize> = (0..targets.len()).filter(|index| targets[*index] == class).collect();
        members.shuffle(&mut rng);
        dealt.extend(members.iter().copied().filter(|_| members.len() > 1));
    }
    // Dealing goes on from class to class: two neighbours never fall into one part.
    let count = count.min(dealt.len());
    let part = |part: usize| {
        let mut validation: Vec<usize> = dealt.iter().copied().skip(part).step_by(count).collect();
        validation.sort_unstable();
        let training = (0..targets.len()).filter(|index| validation.binary_search(index).is_err()).collect();
        Split { training, validation }
    };
    (0..count).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_classes_and_examples_together() {
        let mut data = Dataset::default();
        let [a, b, c] = ["cat", " dog ", "cat"].map(|label| data.add(label).unwrap());
        assert_eq!((data.classes(), data.targets()), (["cat", "dog"].map(str::to_owned).as_slice(), vec![0, 1, 0]));
        assert_eq!(data.rename("cat", "dog").unwrap_err().code(), "bad-label");
        data.rename("cat", "tiger").unwrap();
        assert_eq!(data.of_class("tiger").unwrap(), [a, c]);
        assert_eq!(data.remove(&[b, 99]).unwrap_err(), Error::UnknownExample(99));
        assert_eq!(data.examples().len(), 3, "all or none");
        data.relabel(b, "tiger").unwrap();
        assert_eq!(data.classes(), ["tiger"]);
        data.remove(&[a, b, c]).unwrap();
        assert!(data.classes().is_empty());
        assert_ne!(data.add("cat").unwrap(), a, "numbers are never used twice");
        for label in ["", "  ", "a\nb", &"x".repeat(101)] {
            assert_eq!(data.add(label).unwrap_err().code(), "bad-label");
        }
    }

    #[test]
    fn splits_are_stratified_seeded_and_complete() {
        let targets: Vec<usize> = [vec![0; 3], vec![1; 4], vec![2; 20], vec![4; 100]].concat();
        let split = stratified_split(&targets, 0.15, 7);
        let held_out = |class| split.validation.iter().filter(|i| targets[**i] == class).count();
        assert_eq!([0, 1, 2, 3, 4].map(held_out), [0, 1, 3, 0, 15]);
        let mut all = [split.training.clone(), split.validation.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..targets.len()).collect::<Vec<_>>());
        assert_eq!(split, stratified_split(&targets, 0.15, 7));
        assert_ne!(split, stratified_split(&targets, 0.15, 8));
        assert!(stratified_split(&targets, 0.0, 7).validation.is_empty());
        let alone = stratified_split(&[0, 1, 1, 1, 1, 1], 0.5, 7);
        assert_eq!(alone, Split { training: (0..6).collect(), validation: vec![] });
    }

    #[test]
    fn folds_hold_out_everything_once_and_no_class_whole() {
        let targets: Vec<usize> = [vec![0; 2], vec![1], vec![2; 3], vec![3; 11], vec![5; 20]].concat();
        let parts = folds(&targets, 5, 3);
        assert_eq!(parts.len(), 5);
        let mut held_out: Vec<usize> = parts.iter().flat_map(|part| part.validation.clone()).collect();
        held_out.sort_unstable();
        assert_eq!(held_out, (0..targets.len()).filter(|index| *index != 2).collect::<Vec<_>>());
        for part in &parts {
            assert_eq!(part.training.len() + part.validation.len(), targets.len());
            assert!([0, 1, 2, 3, 5].iter().all(|class| part.training.iter().any(|index| targets[*index] == *class)));
            assert!((7..=8).contains(&part.validation.len()));
        }
        assert_eq!(parts, folds(&targets, 5, 3));
        assert_ne!(parts, folds(&targets, 5, 4));
        assert!(folds(&[0, 1, 2], 5, 3).is_empty() && folds(&[], 5, 3).is_empty());
        assert_eq!(folds(&[0, 0, 1], 5, 3).len(), 2);
    }
}
