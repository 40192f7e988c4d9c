//! One name for each tensor, whichever version of transformers wrote it.
//!
//! Version 4 wrote `language_model.model.*`, `visual.*` or `vision_tower.vision_model.*`, later versions
//! `model.language_model.*`, `model.visual.*`, `model.vision_tower.*`. Here a decoder's tensors are `model.*` and
//! `lm_head.*`, a vision tower's `visual.*` or `vision_tower.*`, a projector's `multi_modal_projector.*`.

/// Beginnings as they are written, and what they are called here. The first that fits counts.
const BEGINNINGS: [(&str, &str); 10] = [
    ("model.language_model.lm_head.", "lm_head."),
    ("model.language_model.model.", "model."),
    ("model.language_model.", "model."),
    ("language_model.model.", "model."),
    ("language_model.lm_head.", "lm_head."),
    ("model.visual.", "visual."),
    ("model.vision_tower.vision_model.", "vision_tower."),
    ("model.vision_tower.", "vision_tower."),
    ("vision_tower.vision_model.", "vision_tower."),
    ("model.multi_modal_projector.", "multi_modal_projector."),
];

/// The name of a tensor here.
pub(super) fn canonical(name: &str) -> String {
    for (written, here) in BEGINNINGS {
        if let Some(rest) = name.strip_prefix(written) {
            return format!("{here}{rest}");
        }
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn every_layout_comes_to_the_same_names() {
        for written in
            ["model.layers.0.x", "language_model.model.layers.0.x", "model.language_model.layers.0.x"]
        {
            assert_eq!(canonical(written), "model.layers.0.x", "{written}");
        }
        for written in
            ["vision_tower.vision_model.post.x", "model.vision_tower.post.x", "vision_tower.post.x"]
        {
            assert_eq!(canonical(written), "vision_tower.post.x", "{written}");
        }
        assert_eq!(canonical("model.visual.blocks.0.x"), "visual.blocks.0.x");
        assert_eq!(canonical("language_model.lm_head.weight"), "lm_head.weight");
    }
}
