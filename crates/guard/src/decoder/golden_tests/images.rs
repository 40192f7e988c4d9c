//! Images among the tokens, through the architectures that see them.

use super::*;

#[test]
fn logits_equal_the_reference_with_one_and_several_images() {
    for shape in IMAGE_SHAPES {
        for model in Model::in_every_way(shape) {
            for name in ["image-one", "image-two", "image-batch", "image-prefix"] {
                assert_close(model.difference(&case(shape, name), None), &format!("{shape} {name}"));
            }
        }
    }
}

#[test]
fn images_behind_a_shared_prefix_change_nothing() {
    for shape in IMAGE_SHAPES {
        for model in Model::in_every_way(shape) {
            let case = case(shape, "image-prefix");
            let whole = model.prefix(&case);
            let found = model.difference(&case, Some(whole.clone()));
            assert_close(found, &format!("{shape} images behind a shared prefix"));
            let found = model.difference(&case, Some(whole.narrowed(13).unwrap()));
            assert_close(found, &format!("{shape} images behind a shortened prefix"));
        }
    }
}

#[test]
fn reading_images_in_chunks_and_growing_rows_change_nothing() {
    for shape in IMAGE_SHAPES {
        for chunk_tokens in [3, 7] {
            assert_rows_grow(shape, &case(shape, "image-batch"), chunk_tokens, &[2, 0]);
        }
    }
}

#[test]
fn every_token_of_a_row_with_images_can_be_asked_for() {
    for shape in IMAGE_SHAPES {
        for model in Model::in_every_way(shape) {
            let row = &case(shape, "image-two")[0];
            for (chunk_tokens, from) in [(3, 0), (5, 6), (100, 2)] {
                let mut cache = model.decoder.cache(1, None);
                let found = model.difference_in_chunks(row, chunk_tokens, from, &mut cache);
                assert_close(found, &format!("{shape} two images, {chunk_tokens} at once, from {from}"));
            }
        }
    }
}

#[test]
fn ids_below_an_image_are_not_looked_up() {
    for shape in IMAGE_SHAPES {
        for model in Model::in_every_way(shape) {
            let mut rows = case(shape, "image-one");
            for image in rows[0].images.clone() {
                rows[0].ids[image.start..image.end()].fill(u32::MAX);
            }
            assert_close(model.difference(&rows, None), &format!("{shape} with ids of no vocabulary"));
        }
    }
}
