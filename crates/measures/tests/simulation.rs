//! What can only be seen over many samples: how often intervals cover, and that a thinned curve keeps its area.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use saring_measures::*;

const BINS: usize = 10;
/// Distance of the two classes, in standard deviations of either.
const SEPARATION: f64 = 1.5;
const POSITIVE_SHARE: f64 = 0.3;

/// Normal scores of two classes, squeezed to probabilities.
fn sample(rng: &mut ChaCha8Rng, n: usize) -> Ranking {
    let cases = (0..n).map(|_| {
        let positive = rng.random_bool(POSITIVE_SHARE);
        let normal: f64 = StandardNormal.sample(rng);
        let raw = normal + if positive { SEPARATION } else { 0.0 };
        Scored { score: 1.0 / (1.0 + (-raw).exp()), positive }
    });
    Ranking::new(cases.collect()).expect("numbers")
}

/// An interval of a 95 % bootstrap that were half as wide would cover 67 %, one twice as wide all.
#[track_caller]
fn assert_covers(name: &str, covered: u32, samples: u32) {
    let share = f64::from(covered) / f64::from(samples);
    assert!((0.89..=0.985).contains(&share), "{name} is covered in {share} of samples, not in 0.95");
}

#[test]
fn intervals_cover_the_truth_as_often_as_they_promise() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let truth = Quality::of(&sample(&mut rng, 1_000_000), 0.6, BINS).map(Result::unwrap);
    let samples = 300;
    let mut covered = truth.map(|_| 0);
    for seed in 0..samples {
        let resampling = Resampling { seed: u64::from(seed), resamples: 300, confidence: 0.95 };
        let found = Quality::intervals(&sample(&mut rng, 250), 0.6, BINS, &resampling);
        covered = covered.zip(found.zip(truth)).map(|(covered, (interval, truth))| {
            let interval = interval.unwrap();
            covered + u32::from(interval.low <= truth && truth <= interval.high)
        });
    }
    assert_covers("AUPRC", covered.auprc, samples);
    assert_covers("average precision", covered.average_precision, samples);
    assert_covers("AUROC", covered.auroc, samples);
    assert_covers("precision", covered.precision, samples);
    assert_covers("recall", covered.recall, samples);
    assert_covers("F1", covered.f1, samples);
    assert_covers("accuracy", covered.accuracy, samples);
}

#[test]
fn the_area_of_normal_scores_is_the_one_of_theory() {
    let found = auroc(&sample(&mut ChaCha8Rng::seed_from_u64(3), 300_000)).unwrap();
    // The normal distribution at SEPARATION / sqrt(2), with the standard error of such a sample.
    assert!((found - 0.855_578_16).abs() < 0.003, "{found}");
}

/// Two raters who give one of three labels, each right in four of five cases.
fn rated(rng: &mut ChaCha8Rng, n: usize) -> Vec<[usize; 2]> {
    let mut rate = |truth: usize| if rng.random_bool(0.8) { truth } else { rng.random_range(0..3) };
    (0..n).map(|case| [rate(case % 3), rate(case % 3)]).collect()
}

#[test]
fn intervals_of_agreement_cover_the_truth() {
    let table = |pairs: &[[usize; 2]]| CrossTable::new(pairs.iter().map(|[a, b]| ((*a, *b), 1)));
    let ratings = |pairs: &[[usize; 2]]| {
        let mut ratings = Ratings::new(3);
        pairs.iter().for_each(|pair| ratings.push(pair));
        ratings
    };
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let many = rated(&mut rng, 300_000);
    let truths = [kappa(&table(&many)).unwrap(), ratings(&many).alpha(Level::Ordinal).unwrap()];
    // Labels are equally common, so that kappa is the square of how often a rater knows.
    assert!((truths[0] - 0.64).abs() < 0.005, "{truths:?}");
    let samples = 400;
    let mut covered = [0; 2];
    for seed in 0..samples {
        let resampling = Resampling { seed: u64::from(seed), resamples: 300, confidence: 0.95 };
        let few = rated(&mut rng, 150);
        let found = [
            kappa_interval(&table(&few), &resampling).unwrap(),
            ratings(&few).alpha_interval(Level::Ordinal, &resampling).unwrap(),
        ];
        for ((covered, interval), truth) in covered.iter_mut().zip(found).zip(truths) {
            *covered += u32::from(interval.low <= truth && truth <= interval.high);
        }
    }
    assert_covers("kappa", covered[0], samples);
    assert_covers("alpha", covered[1], samples);
}

#[test]
fn resamples_in_which_a_number_is_undefined_are_counted_and_said() {
    let case = |score, positive| Scored { score, positive };
    let rare = (0..20).map(|n| case(f64::from(n) / 20.0, n == 15)).collect();
    let rare = Ranking::new(rare).unwrap();
    let found = Quality::intervals(&rare, 0.5, BINS, &Resampling::default());
    // One positive of twenty is in no resample with a probability of 0.95^20 = 0.358.
    let undefined = found.auprc.unwrap().undefined;
    assert!((300..=420).contains(&undefined), "{undefined} of 1000 resamples have no positive");
    assert_eq!(found.accuracy.unwrap().undefined, 0, "accuracy needs none");
    let none = Ranking::new(vec![case(0.4, false), case(0.6, false)]).unwrap();
    let found = Quality::intervals(&none, 0.5, BINS, &Resampling::default());
    assert_eq!(found.auprc, Err(Undefined::Resamples { undefined: 1000, resamples: 1000 }));
    assert_eq!(found.accuracy.map(|i| (i.low, i.high)), Ok((0.0, 1.0)));
    let nothing = Quality::intervals(&Ranking::default(), 0.5, BINS, &Resampling::default());
    assert_eq!(nothing.accuracy, Err(Undefined::NoCases));
}

#[test]
fn the_same_seed_gives_the_same_interval() {
    let ranking = sample(&mut ChaCha8Rng::seed_from_u64(1), 100);
    let of = |seed| {
        Quality::intervals(&ranking, 0.5, BINS, &Resampling { seed, resamples: 100, ..Resampling::default() })
            .auprc
    };
    assert_eq!(of(7), of(7));
    assert_ne!(of(7), of(8));
}

/// Trapezoids.
fn area(points: &[Point]) -> f64 {
    points.windows(2).map(|w| (w[1].recall - w[0].recall) * (w[1].precision + w[0].precision) / 2.0).sum()
}

#[test]
fn a_thinned_curve_keeps_its_ends_and_its_area() {
    let ranking = sample(&mut ChaCha8Rng::seed_from_u64(2), 200_000);
    let whole = curve(&ranking).unwrap();
    assert!((area(&whole) - auprc(&ranking).unwrap()).abs() < 1e-12);
    let few = thinned(&whole, 500);
    assert_eq!((few.len(), few[0], few.last()), (500, whole[0], whole.last()));
    assert!((area(&few) - area(&whole)).abs() < 1e-4, "{} of {}", area(&few), area(&whole));
    assert_eq!(thinned(&whole[..7], 500), whole[..7], "nothing goes where there is room");
    assert_eq!(thinned(&whole[..7], 0).len(), 2, "the ends always stay");
    assert!(thinned(&[], 5).is_empty());
}
