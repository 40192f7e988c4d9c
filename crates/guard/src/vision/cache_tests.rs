//! The cache on real files: what is found again, what is not believed, what is removed.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use candle_core::{DType, Device, Tensor};

use super::FeatureCache;
use crate::decoder::ImageFeatures;

const PLENTY: u64 = 1 << 20;

fn sha256(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn features(number: f32, dtype: DType) -> ImageFeatures {
    let tensor = |n: f32| Tensor::full(n, (4, 8), &Device::Cpu).unwrap().to_dtype(dtype).unwrap();
    ImageFeatures {
        embeddings: tensor(number),
        deepstack: vec![tensor(2.0), tensor(3.0)],
        grid: Some([1, 2, 2]),
    }
}

fn cache(folder: &Path, identity: &str) -> FeatureCache {
    FeatureCache::new(Some(folder.to_owned()), identity.into(), PLENTY, &Device::Cpu)
}

/// The one number that [`features`] were made of.
fn number(features: &ImageFeatures) -> f32 {
    let rows: Vec<Vec<f32>> = features.embeddings.to_dtype(DType::F32).unwrap().to_vec2().unwrap();
    assert!(rows.iter().flatten().all(|n| *n == rows[0][0]), "all numbers are one");
    rows[0][0]
}

/// Every file of the cache, ordered by path.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .flat_map(|image| fs::read_dir(image.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn features_are_found_again_by_another_process_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    for dtype in [DType::F32, DType::BF16] {
        let identity = format!("{dtype:?}");
        cache(folder.path(), &identity).put(&sha256('a'), Some(4096), features(1.5, dtype));
        let found = cache(folder.path(), &identity).get(&sha256('a'), Some(4096)).expect("it was written");
        assert_eq!(number(&found), 1.5);
        assert_eq!((found.embeddings.dtype(), found.embeddings.dims()), (dtype, &[4, 8][..]));
        assert_eq!((found.deepstack.len(), found.grid), (2, Some([1, 2, 2])));
        let last: Vec<Vec<f32>> = found.deepstack[1].to_dtype(DType::F32).unwrap().to_vec2().unwrap();
        assert_eq!(last[3][7], 3.0, "layers keep their order");
    }
    assert_eq!(files(folder.path()).len(), 2, "nothing unfinished is left behind");
}

#[test]
fn another_budget_image_or_guard_has_features_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = cache(folder.path(), "guard");
    writer.put(&sha256('a'), Some(4096), features(1.0, DType::F32));
    assert!(writer.get(&sha256('a'), Some(2048)).is_none(), "another budget");
    assert!(writer.get(&sha256('a'), None).is_none(), "no budget");
    assert!(writer.get(&sha256('b'), Some(4096)).is_none(), "another image");
    assert!(cache(folder.path(), "other").get(&sha256('a'), Some(4096)).is_none(), "another guard");
}

#[test]
fn a_damaged_or_foreign_file_is_not_believed_and_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    cache(folder.path(), "guard").put(&sha256('a'), None, features(1.0, DType::F32));
    let path = files(folder.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    // Somebody else's file: complete, and under this name, but computed for another image.
    cache(folder.path(), "guard").put(&sha256('b'), None, features(7.0, DType::F32));
    let foreign = fs::read(&files(folder.path())[1]).unwrap();
    for (what, bytes) in [
        ("cut off", &whole[..whole.len() / 2]),
        ("empty", &[][..]),
        ("one bit flipped", &flipped),
        ("text", b"not tensors at all".as_slice()),
        ("another image's", &foreign),
    ] {
        fs::write(&path, bytes).unwrap();
        let mut again = cache(folder.path(), "guard");
        assert!(again.get(&sha256('a'), None).is_none(), "{what}: it must not be believed");
        again.put(&sha256('a'), None, features(1.0, DType::F32));
        assert_eq!(fs::read(&path).unwrap(), whole, "{what}: it is written anew");
    }
}

#[test]
fn the_least_recently_used_leave_memory_first() {
    let bytes = 3 * 4 * 8 * 4;
    let mut cache = FeatureCache::new(None, "guard".into(), 2 * bytes, &Device::Cpu);
    cache.put(&sha256('a'), None, features(1.0, DType::F32));
    cache.put(&sha256('b'), None, features(2.0, DType::F32));
    assert!(cache.get(&sha256('a'), None).is_some());
    cache.put(&sha256('c'), None, features(3.0, DType::F32));
    assert!(cache.get(&sha256('b'), None).is_none(), "it was used longest ago");
    assert_eq!(cache.get(&sha256('a'), None).map(|f| number(&f)), Some(1.0));
    cache.put(&sha256('a'), None, features(4.0, DType::F32));
    assert_eq!(cache.get(&sha256('a'), None).map(|f| number(&f)), Some(4.0), "what is put again replaces");
    assert!(cache.get(&sha256('c'), None).is_some(), "replacing costs nobody a place");
}

#[test]
fn features_larger_than_the_memory_are_given_but_not_kept() {
    let mut cache = FeatureCache::new(None, "guard".into(), 100, &Device::Cpu);
    assert_eq!(number(&cache.put(&sha256('a'), None, features(1.0, DType::F32))), 1.0);
    assert!(cache.get(&sha256('a'), None).is_none());
}

#[test]
fn the_oldest_files_are_removed_when_all_take_too_much() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = cache(folder.path(), "guard");
    for (age, image) in [(3, 'a'), (2, 'b'), (1, 'c')] {
        writer.put(&sha256(image), None, features(1.0, DType::F32));
        let path = fs::read_dir(folder.path().join(sha256(image))).unwrap().next().unwrap().unwrap().path();
        let written = SystemTime::now() - Duration::from_secs(age * 3600);
        File::options().write(true).open(path).unwrap().set_modified(written).unwrap();
    }
    fs::write(folder.path().join("note.txt"), "not ours").unwrap();
    let one = fs::metadata(&files_of_images(folder.path())[0]).unwrap().len();
    writer.sweep(2 * one);
    assert_eq!(files_of_images(folder.path()).len(), 2);
    assert!(!folder.path().join(sha256('a')).exists(), "the oldest went, and its folder with it");
    assert!(folder.path().join("note.txt").exists(), "what is not ours stays");
    writer.sweep(0);
    assert!(files_of_images(folder.path()).is_empty());
}

fn files_of_images(folder: &Path) -> Vec<PathBuf> {
    let is_folder = |path: &PathBuf| path.is_dir();
    let images = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(is_folder);
    images.flat_map(|image| fs::read_dir(image).unwrap()).map(|file| file.unwrap().path()).collect()
}

#[test]
fn what_is_no_digest_never_becomes_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("features");
    let mut cache = cache(&inside, "guard");
    for name in ["../../escaped", "a", &"A".repeat(64)] {
        cache.put(name, None, features(1.0, DType::F32));
        assert_eq!(cache.get(name, None).map(|f| number(&f)), Some(1.0), "memory has no paths");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
}
