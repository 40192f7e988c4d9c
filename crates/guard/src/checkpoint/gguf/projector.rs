//! The projector file beside a GGUF file: the vision tower, its configuration, and how pictures are prepared for it.

use std::path::{Path, PathBuf};

use saring_verdict::EngineError;
use serde_json::{Value, json};

use super::{Architecture, header::Header, tensors};
use crate::checkpoint::{
    io_error,
    weights::{Change, Place, Source, Stored, Stretch},
};

/// What Qwen3-VL's authors set where the file does not say: the fewest and the most pixels of an image.
const QWEN_PIXELS: [usize; 2] = [65_536, 16_777_216];

/// SigLIP's patches a side that Gemma 3 pools into one token, where the file does not say.
const GEMMA_POOL: usize = 4;

/// Names of a block's parts: in the file, in Qwen3-VL's tower, in SigLIP.
const PARTS: [(&str, &str, &str); 9] = [
    ("attn_qkv", "attn.qkv", ""),
    ("attn_q", "", "self_attn.q_proj"),
    ("attn_k", "", "self_attn.k_proj"),
    ("attn_v", "", "self_attn.v_proj"),
    ("attn_out", "attn.proj", "self_attn.out_proj"),
    ("ffn_up", "mlp.linear_fc1", "mlp.fc1"),
    ("ffn_down", "mlp.linear_fc2", "mlp.fc2"),
    ("ln1", "norm1", "layer_norm1"),
    ("ln2", "norm2", "layer_norm2"),
];

/// A projector file and what it adds to its model.
#[derive(Debug)]
pub(super) struct Projector {
    /// The file.
    pub path: PathBuf,
    /// `vision_config` of config.json.
    pub vision_config: Value,
    /// Further keys of config.json.
    pub mm_tokens_per_image: Option<usize>,
    /// What preprocessor_config.json would say.
    pub preprocessor: Value,
    /// Its tensors under their own names.
    pub places: Vec<(String, Place)>,
}

/// The projector file in the folder of a model's file.
///
/// # Errors
/// `BadConfig` where there are several, `Io`.
pub(super) fn beside(model: &Path) -> Result<Option<PathBuf>, EngineError> {
    let Some(folder) = model.parent() else { return Ok(None) };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut found = Vec::new();
    for entry in folder.read_dir().map_err(|e| io_error(folder, &e))? {
        let path = entry.map_err(|e| io_error(folder, &e))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if name.contains("mmproj") && name.ends_with(".gguf") && path.file_name() != model.file_name() {
            found.push(path);
        }
    }
    found.sort();
    if found.len() > 1 {
        let names: Vec<_> =
            found.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy()).collect();
        return Err(EngineError::BadConfig {
            path: model.to_owned(),
            reason: format!(
                "its folder has several projector files ({}); keep one of them",
                names.join(", ")
            ),
        });
    }
    Ok(found.pop())
}

impl Projector {
    /// Reads a projector file for a decoder with `hidden_size`; `file` is its number among the checkpoint's files.
    ///
    /// # Errors
    /// `BadConfig` for one that belongs to another model, and those of its header and tensors.
    pub fn open(
        path: PathBuf,
        architecture: Architecture,
        hidden_size: usize,
        file: usize,
    ) -> Result<Self, EngineError> {
        let header = Header::read(&path)?;
        let written = tensors::places(&header, &path, file)?;
        let vision = Vision { header: &header, written: &written };
        let read = match architecture {
            Architecture::Qwen3Vl => vision.qwen3_vl(hidden_size),
            _ => vision.gemma3(hidden_size),
        };
        match read {
            Ok(read) => Ok(Self { path, ..read }),
            Err(reason) => Err(EngineError::BadConfig { path, reason }),
        }
    }
}

struct Vision<'a> {
    header: &'a Header,
    written: &'a [(String, Place)],
}

impl Vision<'_> {
    fn count(&self, key: &str, max: usize) -> Result<usize, String> {
        self.header.metadata.count(&format!("clip.vision.{key}"), max)
    }

    fn numbers(&self, key: &str) -> Result<&[f64], String> {
        self.header.metadata.numbers(&format!("clip.vision.{key}"))
    }

    /// Whether it was made for this kind of model and this size of it.
    fn fits(&self, kind: &str, hidden_size: usize) -> Result<(), String> {
        let metadata = &self.header.metadata;
        let found = metadata
            .text("clip.projector_type")
            .or_else(|| metadata.text("clip.vision.projector_type"))
            .unwrap_or_default();
        let size = self.count("projection_dim", 1 << 16)?;
        if found != kind || size != hidden_size {
            return Err(format!(
                "it is a projector of type {found:?} for hidden size {size}; the model beside it needs {kind:?} for \
                 {hidden_size}: move it to its own model, or give the model a folder of its own"
            ));
        }
        Ok(())
    }

    fn shape(&self, name: &str) -> Result<&[usize], String> {
        let found = self.written.iter().find(|(written, _)| written == name);
        found.map(|(_, place)| place.shape.as_slice()).ok_or_else(|| format!("it has no tensor {name}"))
    }

    fn qwen3_vl(&self, hidden_size: usize) -> Result<Projector, String> {
        self.fits("qwen3vl_merger", hidden_size)?;
        let depth = self.count("block_count", 1 << 10)?;
        let deepstack: Vec<usize> = match self.numbers("is_deepstack_layers") {
            Ok(flags) => (0..flags.len().min(depth)).filter(|i| flags[*i] != 0.0).collect(),
            Err(_) => Vec::new(),
        };
        let (patch, merge) = (self.count("patch_size", 256)?, self.count("spatial_merge_size", 16)?);
        let vision_config = json!({
            "model_type": "qwen3_vl",
            "depth": depth,
            "hidden_size": self.count("embedding_length", 1 << 16)?,
            "intermediate_size": self.count("feed_forward_length", 1 << 20)?,
            "num_heads": self.count("attention.head_count", 1 << 12)?,
            "in_channels": 3,
            "patch_size": patch,
            "temporal_patch_size": 2,
            "spatial_merge_size": merge,
            "out_hidden_size": hidden_size,
            "num_position_embeddings": self.shape("v.position_embd.weight")?.first(),
            "deepstack_visual_indexes": deepstack,
            "hidden_act": "gelu_pytorch_tanh",
        });
        let pixels = |key: &str, default| match self.header.metadata.optional_count(key, 1 << 40) {
            Ok(found) => Ok(found.unwrap_or(default)),
            Err(reason) => Err(reason),
        };
        let preprocessor = json!({
            "image_processor_type": "Qwen2VLImageProcessorFast",
            "patch_size": patch,
            "temporal_patch_size": 2,
            "merge_size": merge,
            "image_mean": self.numbers("image_mean")?,
            "image_std": self.numbers("image_std")?,
            "size": {
                "shortest_edge": pixels("clip.vision.image_min_pixels", QWEN_PIXELS[0])?,
                "longest_edge": pixels("clip.vision.image_max_pixels", QWEN_PIXELS[1])?,
            },
        });
        let places = self.qwen3_vl_places(&deepstack)?;
        Ok(Projector { path: PathBuf::new(), vision_config, mm_tokens_per_image: None, preprocessor, places })
    }

    fn qwen3_vl_places(&self, deepstack: &[usize]) -> Result<Vec<(String, Place)>, String> {
        let mut places = Vec::new();
        for (name, place) in self.written {
            if name == "v.patch_embd.weight.1" {
                continue;
            }
            let (stem, kind) = name.rsplit_once('.').unwrap_or((name, ""));
            let known = match stem {
                "v.patch_embd" if kind == "weight" => {
                    places.push(("visual.patch_embed.proj.weight".into(), self.frames(place)?));
                    continue;
                }
                "v.patch_embd" => Some("patch_embed.proj".to_owned()),
                "v.position_embd" => Some("pos_embed".to_owned()),
                "v.post_ln" => Some("merger.norm".to_owned()),
                "mm.0" => Some("merger.linear_fc1".to_owned()),
                "mm.2" => Some("merger.linear_fc2".to_owned()),
                _ => block(stem, "blocks", |part| part.1).or_else(|| deepstack_part(stem, deepstack)),
            };
            let known = known.map_or_else(|| name.clone(), |known| format!("visual.{known}.{kind}"));
            places.push((known, place.clone()));
        }
        Ok(places)
    }

    /// The patch embedding of two frames, which the converter split: `[H, 3, P, P]` twice to `[H, 3, 2, P, P]`.
    fn frames(&self, first: &Place) -> Result<Place, String> {
        let second = self.written.iter().find(|(name, _)| name == "v.patch_embd.weight.1");
        let (_, second) = second.ok_or("it has no tensor v.patch_embd.weight.1")?;
        if first.shape != second.shape || first.stored != second.stored || first.shape.len() != 4 {
            return Err("the two frames of v.patch_embd.weight do not fit each other".into());
        }
        if let Stored::Packed(_) = first.stored {
            return Err("v.patch_embd.weight is quantised; its two frames cannot be put together".into());
        }
        let mut shape = first.shape.clone();
        shape.insert(2, 2);
        let stretches: Vec<Stretch> =
            [first, second].into_iter().flat_map(|place| place.source.stretches()).cloned().collect();
        Ok(Place { source: Source::Stacked(stretches, 2), shape, ..first.clone() })
    }

    fn gemma3(&self, hidden_size: usize) -> Result<Projector, String> {
        self.fits("gemma3", hidden_size)?;
        let (image, patch) = (self.count("image_size", 4096)?, self.count("patch_size", 256)?);
        let metadata = &self.header.metadata;
        let pool = metadata.optional_count("clip.vision.projector.scale_factor", 256)?.unwrap_or(GEMMA_POOL);
        let side = image / patch / pool;
        let vision_config = json!({
            "model_type": "siglip_vision_model",
            "num_hidden_layers": self.count("block_count", 1 << 10)?,
            "hidden_size": self.count("embedding_length", 1 << 16)?,
            "intermediate_size": self.count("feed_forward_length", 1 << 20)?,
            "num_attention_heads": self.count("attention.head_count", 1 << 12)?,
            "num_channels": 3,
            "image_size": image,
            "patch_size": patch,
            "layer_norm_eps": metadata.number("clip.vision.attention.layer_norm_epsilon")?,
            "hidden_act": "gelu_pytorch_tanh",
            "vision_use_head": false,
        });
        let preprocessor = json!({
            "image_processor_type": "Gemma3ImageProcessorFast",
            "image_mean": self.numbers("image_mean")?,
            "image_std": self.numbers("image_std")?,
            "image_seq_length": side * side,
            "size": {"height": image, "width": image},
        });
        let places = self.written.iter().map(|(name, place)| gemma3_place(name, place)).collect();
        let mm_tokens_per_image = Some(side * side);
        Ok(Projector { path: PathBuf::new(), vision_config, mm_tokens_per_image, preprocessor, places })
    }
}

fn gemma3_place(name: &str, place: &Place) -> (String, Place) {
    let mut place = place.clone();
    let (stem, kind) = name.rsplit_once('.').unwrap_or((name, ""));
    let known = match stem {
        "v.patch_embd" => "vision_tower.embeddings.patch_embedding".to_owned(),
        "v.position_embd" => "vision_tower.embeddings.position_embedding".to_owned(),
        "v.post_ln" => "vision_tower.post_layernorm".to_owned(),
        "mm.soft_emb_norm" => {
            place.change = Some(Change::OneAdded);
            "multi_modal_projector.mm_soft_emb_norm".to_owned()
        }
        // Not the weight of a linear layer in the checkpoint, hence the name.
        "mm.input_projection" => {
            return ("multi_modal_projector.mm_input_projection_weight".to_owned(), place);
        }
        _ => match block(stem, "encoder.layers", |part| part.2) {
            Some(known) => format!("vision_tower.{known}"),
            None => return (name.to_owned(), place),
        },
    };
    (format!("{known}.{kind}"), place)
}

/// A part of a block, `v.blk.N.<part>`.
fn block(
    stem: &str,
    blocks: &str,
    named: impl Fn(&(&str, &'static str, &'static str)) -> &'static str,
) -> Option<String> {
    let (number, part) = stem.strip_prefix("v.blk.")?.split_once('.')?;
    let part = PARTS.iter().find(|(written, ..)| *written == part).map(named)?;
    (!part.is_empty()).then(|| format!("{blocks}.{number}.{part}"))
}

/// A part of a merger behind a block; the file counts blocks, the checkpoint mergers.
fn deepstack_part(stem: &str, deepstack: &[usize]) -> Option<String> {
    let (number, part) = stem.strip_prefix("v.deepstack.")?.split_once('.')?;
    let number: usize = number.parse().ok()?;
    let index = deepstack.iter().position(|layer| *layer == number)?;
    let part = match part {
        "norm" => "norm",
        "fc1" => "linear_fc1",
        "fc2" => "linear_fc2",
        _ => return None,
    };
    Some(format!("deepstack_merger_list.{index}.{part}"))
}
