//! Text, through every architecture.

use super::*;

#[test]
fn logits_equal_the_reference_single_batched_and_behind_a_shared_prefix() {
    for shape in SHAPES {
        for model in Model::in_every_way(shape) {
            for name in ["single", "batch", "prefix", "long"] {
                assert_close(model.difference(&case(shape, name), None), &format!("{shape} {name}"));
            }
            let case = case(shape, "prefix");
            let whole = model.prefix(&case);
            let found = model.difference(&case, Some(whole.clone()));
            assert_close(found, &format!("{shape} behind a shared prefix"));
            let found = model.difference(&case, Some(whole.narrowed(13).unwrap()));
            assert_close(found, &format!("{shape} behind a shortened prefix"));
        }
    }
}

#[test]
fn reading_in_chunks_and_growing_rows_change_nothing() {
    for shape in SHAPES {
        // The row of one token is left out: nothing of it would be read before its last.
        let rows: Vec<GoldenRow> = case(shape, "batch").into_iter().filter(|row| row.ids.len() > 1).collect();
        assert_rows_grow(shape, &rows, 5, &[2, 0]);
    }
}

#[test]
fn hidden_states_are_those_of_every_token_that_is_asked_for() {
    for shape in SHAPES {
        for model in Model::in_every_way(shape) {
            let long = &case(shape, "long")[0];
            for from in [0, 9, 10, 39] {
                let found = model.difference_in_chunks(long, 10, from, &mut model.decoder.cache(1, None));
                assert_close(found, &format!("{shape} long from {from}"));
            }
            let case = case(shape, "prefix");
            let mut cache = model.decoder.cache(1, Some(model.prefix(&case)));
            let found = model.difference_in_chunks(&case[1].skip(PREFIX_TOKENS), 2, 0, &mut cache);
            assert_close(found, &format!("{shape} every token behind a shared prefix"));
        }
    }
}

#[test]
fn the_golden_logits_spread_by_at_least_one() {
    for shape in SHAPES {
        for row in case(shape, "batch") {
            let all: Vec<f32> = row.logits.concat();
            let mean = all.iter().sum::<f32>() / all.len() as f32;
            let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / all.len() as f32;
            assert!(variance.sqrt() >= 1.0, "{shape}: logits without spread would hide differences");
        }
    }
}

#[test]
fn a_checkpoint_with_other_heads_has_no_logits_over_a_vocabulary() {
    let model = Model::exact("stream-tied-f32");
    let hidden = Tensor::zeros((1, model.decoder.config().hidden_size), DType::F32, &device()).unwrap();
    assert!(model.decoder.logits(&hidden).is_err(), "a tied table is no head where none was trained");
}
