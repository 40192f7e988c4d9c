//! Decoders that are wrong in one thing each: all of them must be noticed.

use super::{
    super::{config::FeedForwardKind, rope::RopeScaling},
    *,
};
use crate::layers::Activation;

/// A mutant must differ by at least this.
const NOTICED: f32 = 10.0 * TOLERANCE;

/// A wrong decoder must differ by ten times the tolerance in every shape that has what is wrong with it.
fn assert_noticed(what: &str, shapes: &[&str], name: &str, mutant: impl Fn(&str) -> Option<Model>) {
    let mut tried = 0;
    for shape in shapes {
        let Some(model) = mutant(shape) else { continue };
        tried += 1;
        let found = model.difference(&case(shape, name), None);
        println!("{shape} with {what}: {found:.2e}");
        assert!(found >= NOTICED || found.is_nan(), "{shape}: {what} differs only by {found:e}");
    }
    assert!(tried > 0, "no shape has it");
}

/// A decoder with a changed configuration; `None` if the change does not concern it.
fn changed(shape: &str, change: impl FnOnce(&mut DecoderConfig)) -> Option<Model> {
    let mut differs = false;
    let model = load(shape, DType::F32, |config| {
        let before = config.clone();
        change(config);
        differs = *config != before;
    });
    differs.then_some(model)
}

#[test]
fn a_wrong_rope_base_is_noticed() {
    let kinds = load("gemma3-grouped-f32", DType::F32, |_| {}).decoder.config().attentions.len();
    for kind in 0..kinds {
        assert_noticed("another rope base", &SHAPES, "batch", |shape| {
            changed(shape, |c| c.attentions.iter_mut().skip(kind).take(1).for_each(|a| a.rope.theta *= 1.1))
        });
    }
}

#[test]
fn a_forgotten_rope_scaling_is_noticed() {
    assert_noticed("no rope scaling", &SHAPES, "batch", |shape| {
        changed(shape, |c| c.attentions.iter_mut().for_each(|a| a.rope.scaling = RopeScaling::Default))
    });
}

#[test]
fn a_mask_off_by_one_is_noticed() {
    assert_noticed("a mask that shows the next token", &SHAPES, "batch", |shape| {
        let mut model = Model::exact(shape);
        model.decoder.reach = 1;
        Some(model)
    });
}

#[test]
fn a_window_off_by_one_is_noticed_on_either_side() {
    for by in [-1, 1] {
        assert_noticed(&format!("a window {by:+}"), &SHAPES, "long", |shape| {
            changed(shape, |c| {
                let windows = c.attentions.iter_mut().filter_map(|a| a.window.as_mut());
                windows.for_each(|window| *window = window.wrapping_add_signed(by));
            })
        });
    }
}

#[test]
fn a_wrong_norm_epsilon_is_noticed() {
    assert_noticed("another norm epsilon", &SHAPES, "batch", |shape| {
        changed(shape, |c| c.rms_norm_eps *= 100.0)
    });
}

#[test]
fn swapped_keys_and_values_are_noticed() {
    assert_noticed("keys and values swapped", &SHAPES, "batch", |shape| {
        let mut model = Model::exact(shape);
        for layer in &mut model.decoder.layers {
            std::mem::swap(&mut layer.key, &mut layer.value);
        }
        Some(model)
    });
}

#[test]
fn an_attention_scale_from_the_head_alone_is_noticed() {
    assert_noticed("query_pre_attn_scalar ignored", &SHAPES, "batch", |shape| {
        changed(shape, |c| {
            if c.architecture == Architecture::Gemma3 {
                c.attention_scale = (c.head_dim as f64).powf(-0.5);
            }
        })
    });
}

#[test]
fn an_embedding_without_its_scale_is_noticed() {
    assert_noticed("no embedding scale", &SHAPES, "batch", |shape| {
        changed(shape, |c| c.embedding_scale = 1.0)
    });
}

#[test]
fn norm_weights_that_are_not_raised_by_one_are_noticed() {
    assert_noticed("norm weights as they are stored", &SHAPES, "batch", |shape| {
        changed(shape, |c| c.norms.weights_less_one = false)
    });
}

#[test]
fn another_activation_of_the_gate_is_noticed() {
    assert_noticed("SiLU and GELU exchanged", &SHAPES, "batch", |shape| {
        changed(shape, |c| {
            c.feed_forward = match c.feed_forward {
                FeedForwardKind::Gated(Activation::Silu) => FeedForwardKind::Gated(Activation::GeluTanh),
                FeedForwardKind::Gated(_) => FeedForwardKind::Gated(Activation::Silu),
                FeedForwardKind::Xielu => FeedForwardKind::Xielu,
            };
        })
    });
}

#[test]
fn layers_without_one_of_their_norms_are_noticed() {
    assert_noticed("no norm of queries and keys", &SHAPES, "batch", |shape| {
        changed(shape, |c| c.norms.query_key = false)
    });
    assert_noticed("no norm after attention", &SHAPES, "batch", |shape| {
        changed(shape, |c| c.norms.after_attention = None)
    });
    assert_noticed("no norm after feed-forward", &SHAPES, "batch", |shape| {
        changed(shape, |c| c.norms.after_feed_forward = None)
    });
}

#[test]
fn positions_off_by_one_behind_an_image_are_noticed() {
    for after in [0, 2] {
        assert_noticed(&format!("text {after} behind an image"), &IMAGE_SHAPES, "image-batch", |shape| {
            let mut model = Model::exact(shape);
            model.decoder.counting.after_image = after;
            model.decoder.counting.grids.then_some(model)
        });
    }
}

#[test]
fn an_axis_that_turns_nothing_is_noticed() {
    for axis in [1, 2] {
        assert_noticed("an axis of M-RoPE without its section", &IMAGE_SHAPES, "image-batch", |shape| {
            changed(shape, |c| {
                let sections = c.attentions.iter_mut().filter_map(|a| a.rope.sections.as_mut());
                sections.for_each(|sections| sections[axis] = 0);
            })
        });
    }
}

#[test]
fn a_causal_mask_inside_an_image_is_noticed() {
    assert_noticed("a causal mask inside images", &IMAGE_SHAPES, "image-batch", |shape| {
        changed(shape, |c| c.images_see_themselves = false)
    });
}

#[test]
fn a_dropped_deepstack_layer_is_noticed() {
    for shape in IMAGE_SHAPES {
        let model = Model::exact(shape);
        let layers = case(shape, "image-one")[0].images[0].features.deepstack.len();
        assert_eq!(layers == 0, model.decoder.config().architecture == Architecture::Gemma3, "{shape}");
        for dropped in 0..layers {
            let mut rows = case(shape, "image-batch");
            for image in rows.iter_mut().flat_map(|row| &mut row.images) {
                let ImageFeatures { embeddings, deepstack, grid } = &*image.features;
                let mut deepstack = deepstack.clone();
                deepstack[dropped] = deepstack[dropped].zeros_like().unwrap();
                let features = ImageFeatures { embeddings: embeddings.clone(), deepstack, grid: *grid };
                image.features = Arc::new(features);
            }
            let found = model.difference(&rows, None);
            println!("{shape} without deepstack {dropped}: {found:.2e}");
            assert!(found >= NOTICED, "{shape}: deepstack layer {dropped} differs only by {found:e}");
        }
    }
}
