//! What a tower needs beside its weights.

use candle_core::DType;

use super::{VisionConfig, attention::SCORES_BYTES_MAX, block::PATCHES_AT_ONCE};

/// Bytes that a tower takes at most while it reads one image of `pixels_max` pixels in `dtype`, weights left out and the
/// image's values and features included. SigLIP's images all have one size, whatever `pixels_max` is.
///
/// By patch, in attention: the block's input, its norm, queries, keys and values once as they are computed and once by
/// head, the attended values in pieces, together and turned back, and the block's output (12 times the hidden size, in
/// `dtype`); queries and keys while they are turned (3 times, in single precision). The two products behind it work on
/// [`PATCHES_AT_ONCE`] patches with three copies of the inner size in single precision, and scores stay below
/// [`SCORES_BYTES_MAX`]; they are not alive together.
///
/// That is what tensor operations take. The processor's kernels take less: 7 times the hidden size through all blocks, 5
/// times more while patches are merged, two copies of the inner size of an eighth of the patches at once, and no scores.
pub(crate) fn working_bytes(config: &VisionConfig, dtype: DType, pixels_max: u64) -> u64 {
    let size = dtype.size_in_bytes() as u64;
    let (patches, hidden, inner, heads, values, features) = match config {
        VisionConfig::Qwen3Vl(c) => {
            let patches = pixels_max.div_ceil((c.patch_size * c.patch_size) as u64);
            let tokens = patches.div_ceil((c.spatial_merge_size * c.spatial_merge_size) as u64);
            let layers = 1 + c.deepstack_visual_indexes.len() as u64;
            let features = tokens * layers * c.out_hidden_size as u64;
            (patches, c.hidden_size, c.intermediate_size, c.num_heads, c.patch_numbers(), features)
        }
        VisionConfig::Gemma3(c) => {
            let patches = (c.patches_side() * c.patches_side()) as u64;
            let features = (c.mm_tokens_per_image * c.text_hidden_size) as u64;
            let values = c.num_channels * c.patch_size * c.patch_size;
            (patches, c.hidden_size, c.intermediate_size, c.num_attention_heads, values, features)
        }
    };
    let attention = patches * hidden as u64 * (12 * size + 3 * 4);
    let scores = (2 * 4 * heads as u64 * patches * patches).min(SCORES_BYTES_MAX as u64);
    let products = patches.min(PATCHES_AT_ONCE as u64) * inner as u64 * 3 * 4;
    // Values come in single precision and are copied to the tower's.
    patches * values as u64 * (4 + size) + features * size + attention + scores.max(products)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    #[test]
    fn memory_grows_with_the_image_until_scores_are_made_in_pieces() {
        let root = json!({
            "architectures": ["Qwen3VLForConditionalGeneration"],
            "vision_config": {"hidden_size": 1024, "depth": 24, "intermediate_size": 4096, "out_hidden_size": 2560,
                "deepstack_visual_indexes": [5, 11, 17]},
        });
        let config = VisionConfig::from_json(&root, Path::new("config.json")).unwrap().unwrap();
        let at = |side: u64| working_bytes(&config, DType::BF16, side * side);
        assert!(at(4096) < 17 * at(1024), "sixteen times the pixels, not their square");
        assert!(at(1024) > 256 << 20 && at(1024) < 1 << 30, "{} MiB for a megapixel", at(1024) >> 20);
        assert!(working_bytes(&config, DType::F32, 1 << 20) > at(1024), "single precision takes more");
    }
}
