//! Which of a trainer's templates puts the same frame of control tokens around the turns as the guard's own.
//!
//! A trainer that adds the frame itself must end up with exactly the text that the guard is fed when it judges. This is
//! checked for every row: the frame is rebuilt from the turns and compared with what the engine rendered. The frames are
//! those of LLaMA-Factory v0.9.4, `src/llamafactory/data/template.py`.

use saring_verdict::{Message, Rendered, Role};

/// A template of LLaMA-Factory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainerTemplate {
    /// `qwen3` with `enable_thinking: false`: an empty thought before the answer.
    Qwen3,
    /// `qwen3_nothink`.
    Qwen3NoThink,
    /// `qwen3_vl_nothink`: the same frame as `qwen3_nothink`, with images.
    Qwen3VlNoThink,
    /// `gemma3`.
    Gemma3,
    /// `llama3`.
    Llama3,
}

/// Where a trainer puts an image. Item text with it is in no export.
const IMAGE: &str = "<image>";

/// As [`Rendered`], with a placeholder for each of `images` in front of the last user turn, where the guard's own template has
/// them, and with one token for each image in the text, however many it takes.
pub(super) fn with_images(mut rendered: Rendered, images: usize) -> Rendered {
    if images == 0 {
        return rendered;
    }
    if let Some(turn) = rendered.turns.iter_mut().rfind(|turn| turn.role == Role::User) {
        turn.content.insert_str(0, &IMAGE.repeat(images));
    }
    for soft in [QWEN_SOFT, GEMMA_SOFT] {
        let twice = soft.repeat(2);
        while rendered.text.contains(&twice) {
            rendered.text = rendered.text.replace(&twice, soft);
        }
    }
    rendered
}

const QWEN_SOFT: &str = "<|image_pad|>";
const GEMMA_SOFT: &str = "<image_soft_token>";

impl TrainerTemplate {
    const ALL: [Self; 5] =
        [Self::Qwen3, Self::Qwen3VlNoThink, Self::Qwen3NoThink, Self::Gemma3, Self::Llama3];

    /// The value of `template` in a training configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Qwen3 => "qwen3",
            Self::Qwen3NoThink => "qwen3_nothink",
            Self::Qwen3VlNoThink => "qwen3_vl_nothink",
            Self::Gemma3 => "gemma3",
            Self::Llama3 => "llama3",
        }
    }

    /// The template that reproduces `rendered` for a checkpoint of `architecture`.
    pub(super) fn of(architecture: &str, rendered: &Rendered) -> Option<Self> {
        let sees = architecture.starts_with("Qwen3VL");
        Self::ALL
            .into_iter()
            .filter(|template| match template {
                Self::Qwen3VlNoThink => sees,
                Self::Qwen3NoThink => !sees,
                _ => true,
            })
            .find(|template| template.reproduces(rendered))
    }

    /// Whether this template around the turns gives the text that the guard is fed.
    pub(super) fn reproduces(self, rendered: &Rendered) -> bool {
        self.frame(&rendered.turns).is_some_and(|text| text == rendered.text)
    }

    /// The turns in this frame, up to where the answer begins; `None` if they are not ones that a trainer takes: perhaps a
    /// system turn, then user and assistant in turn, the user last.
    fn frame(self, turns: &[Message]) -> Option<String> {
        let (system, turns) = match turns {
            [first, rest @ ..] if first.role == Role::System => (Some(first.content.as_str()), rest),
            all => (None, all),
        };
        let expected = [Role::User, Role::Assistant].into_iter().cycle();
        if turns.len() % 2 == 0 || turns.iter().zip(expected).any(|(turn, role)| turn.role != role) {
            return None;
        }
        let mut text = match self {
            Self::Qwen3 | Self::Qwen3NoThink | Self::Qwen3VlNoThink => {
                system.map_or_else(String::new, |s| format!("<|im_start|>system\n{s}<|im_end|>\n"))
            }
            Self::Gemma3 => "<bos>".to_owned(),
            Self::Llama3 => {
                let system = system.map_or_else(String::new, |s| {
                    format!("<|start_header_id|>system<|end_header_id|>\n\n{s}<|eot_id|>")
                });
                format!("<|begin_of_text|>{system}")
            }
        };
        for (index, turn) in turns.iter().enumerate() {
            let content = &self.expand(&turn.content);
            let first_system = system.filter(|_| index == 0);
            text.push_str(&self.turn(turn.role, content, first_system));
        }
        if self == Self::Qwen3 {
            text.push_str("<think>\n\n</think>\n\n");
        }
        Some(text)
    }

    /// Images as the template's plugin (`mm_plugin.py`) writes them, each as one token.
    fn expand(self, content: &str) -> String {
        match self {
            Self::Qwen3VlNoThink => {
                content.replace(IMAGE, &format!("<|vision_start|>{QWEN_SOFT}<|vision_end|>"))
            }
            Self::Gemma3 => {
                content.replace(IMAGE, &format!("\n\n<start_of_image>{GEMMA_SOFT}<end_of_image>\n\n"))
            }
            Self::Qwen3 | Self::Qwen3NoThink | Self::Llama3 => content.to_owned(),
        }
    }

    /// A turn in its frame; after a user's turn the answer's frame is open.
    fn turn(self, role: Role, content: &str, system_before: Option<&str>) -> String {
        match (self, role) {
            (Self::Gemma3, Role::Assistant) => format!("{content}<end_of_turn>\n"),
            (Self::Gemma3, _) => {
                let system = system_before.map_or_else(String::new, |s| format!("{s}\n\n"));
                format!("<start_of_turn>user\n{system}{content}<end_of_turn>\n<start_of_turn>model\n")
            }
            (Self::Llama3, Role::Assistant) => format!("{content}<|eot_id|>"),
            (Self::Llama3, _) => format!(
                "<|start_header_id|>user<|end_header_id|>\n\n{content}<|eot_id|>\
                 <|start_header_id|>assistant<|end_header_id|>\n\n"
            ),
            (_, Role::Assistant) => format!("{content}<|im_end|>\n"),
            _ => format!("<|im_start|>user\n{content}<|im_end|>\n<|im_start|>assistant\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str, turns: &[(Role, &str)]) -> Rendered {
        let turns = turns.iter().map(|(role, content)| Message { role: *role, content: (*content).into() });
        Rendered { text: text.into(), ids: vec![], turns: turns.collect(), markup_in_item: false }
    }

    #[test]
    fn the_template_is_told_from_the_text_that_the_guard_is_fed() {
        let user = [(Role::User, "x")];
        let with_system = [(Role::System, "s"), (Role::User, "x")];
        for (architecture, text, turns, expected) in [
            (
                "Qwen3ForCausalLM",
                "<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
                user.as_slice(),
                TrainerTemplate::Qwen3,
            ),
            (
                "Qwen3ForCausalLM",
                "<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n",
                &user,
                TrainerTemplate::Qwen3NoThink,
            ),
            (
                "Qwen3VLForConditionalGeneration",
                "<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n",
                &user,
                TrainerTemplate::Qwen3VlNoThink,
            ),
            (
                "Gemma3ForConditionalGeneration",
                "<bos><start_of_turn>user\ns\n\nx<end_of_turn>\n<start_of_turn>model\n",
                &with_system,
                TrainerTemplate::Gemma3,
            ),
            (
                "LlamaForCausalLM",
                "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nx<|eot_id|>\
                 <|start_header_id|>assistant<|end_header_id|>\n\n",
                &user,
                TrainerTemplate::Llama3,
            ),
        ] {
            let found = TrainerTemplate::of(architecture, &rendered(text, turns));
            assert_eq!(found, Some(expected), "{architecture}");
        }
    }

    #[test]
    fn images_stand_where_the_guard_has_them() {
        let pads = QWEN_SOFT.repeat(3);
        let two = format!("<|vision_start|>{pads}<|vision_end|><|vision_start|>{pads}<|vision_end|>");
        let text = |images: &str| format!("<|im_start|>user\n{images}x<|im_end|>\n<|im_start|>assistant\n");
        let user = [(Role::User, "x")];
        let found = with_images(rendered(&text(&two), &user), 2);
        assert_eq!(found.turns[0].content, "<image><image>x");
        assert_eq!(
            TrainerTemplate::of("Qwen3VLForConditionalGeneration", &found),
            Some(TrainerTemplate::Qwen3VlNoThink)
        );
        let one_less = with_images(rendered(&text(&two), &user), 1);
        assert_eq!(TrainerTemplate::of("Qwen3VLForConditionalGeneration", &one_less), None);
        let soft = GEMMA_SOFT.repeat(256);
        let gemma = format!(
            "<bos><start_of_turn>user\n\n\n<start_of_image>{soft}<end_of_image>\n\nx<end_of_turn>\n<start_of_turn>model\n"
        );
        let found = with_images(rendered(&gemma, &user), 1);
        assert!(TrainerTemplate::Gemma3.reproduces(&found), "{:?}", found.text);
    }

    #[test]
    fn a_frame_that_no_template_gives_is_not_guessed() {
        let odd = rendered("<user>x</user>", &[(Role::User, "x")]);
        assert_eq!(TrainerTemplate::of("Qwen3ForCausalLM", &odd), None);
        let trimmed =
            rendered("<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n", &[(Role::User, "x ")]);
        assert!(!TrainerTemplate::Qwen3NoThink.reproduces(&trimmed), "one blank is another prompt");
    }

    #[test]
    fn turns_that_do_not_alternate_are_refused() {
        let twice = [(Role::User, "x"), (Role::User, "y")];
        assert!(!TrainerTemplate::Qwen3.reproduces(&rendered("", &twice)));
        assert!(!TrainerTemplate::Qwen3.reproduces(&rendered("", &[])));
    }
}
