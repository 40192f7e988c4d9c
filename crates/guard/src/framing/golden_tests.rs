//! Holds tokenization against `transformers` with Qwen's tokenizer, and against item text that wants to be markup.
//!
//! The tokenizer and the templates are looked for in the folder that SARING_SHARED names; without it these tests say
//! that they are skipped.

use std::{fs, io::Write, path::PathBuf};

use saring_verdict::Role;
use serde_json::Value;

use super::Frame;
use crate::{
    template::ChatTemplate,
    tokenizer::Tokenizer,
    turn::{Framing, Turn},
};

const VOCABULARY: usize = 151_936;

fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("SARING_SHARED").map(PathBuf::from);
    if folder.is_none() {
        // Past the capture of the test harness, so that it is seen.
        let mut err = std::io::stderr().lock();
        writeln!(err, "skipped: Qwen's tokenizer: SARING_SHARED is not set").unwrap();
    }
    folder
}

fn turns(messages: &Value) -> Vec<Turn> {
    let messages: Vec<saring_verdict::Message> = serde_json::from_value(messages.clone()).unwrap();
    messages.iter().map(Turn::from).collect()
}

fn tokenizer_json(shared: &std::path::Path) -> Value {
    let path = shared.join("facts/qwen-tokenizer/tokenizer.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn frame(shared: &std::path::Path, template: &str) -> Frame {
    let source = fs::read_to_string(shared.join("facts/templates").join(template)).unwrap();
    let tokenizer = Tokenizer::new(tokenizer_json(shared), &Value::Null, VOCABULARY).unwrap();
    Frame::new(ChatTemplate::new(source, &Value::Null, jiff::Zoned::now).unwrap(), tokenizer, None)
}

#[test]
fn the_public_golden_vectors_of_qwens_tokenizer_pass() {
    let Some(shared) = shared() else { return };
    let tokenizer = Tokenizer::new(tokenizer_json(&shared), &Value::Null, VOCABULARY).unwrap();
    let read = |file: &str| fs::read_to_string(shared.join("facts/qwen-tokenizer").join(file)).unwrap();
    let (inputs, outputs) = (read("golden.inp"), read("golden.out"));
    let inputs: Vec<&str> = inputs.split("\n__ggml_vocab_test__\n").collect();
    let outputs: Vec<&str> = outputs.lines().collect();
    assert!(outputs.len() >= 46, "the golden file must not be empty");
    for (input, output) in inputs.iter().zip(&outputs) {
        let expected: Vec<u32> = output.split_whitespace().map(|id| id.parse().unwrap()).collect();
        assert_eq!(tokenizer.encode_plain(input).unwrap(), expected, "{input:?}");
    }
}

#[test]
fn rendered_prompts_have_the_ids_that_transformers_gives_them() {
    let Some(shared) = shared() else { return };
    let golden =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/golden/qwen-prompts.json");
    let rows: Vec<Value> = serde_json::from_str(&fs::read_to_string(golden).unwrap()).unwrap();
    let templates = ["qwen3guard-gen.jinja", "qwen3-0.6b.jinja", "qwen3-vl-instruct.jinja"];
    let mut compared = 0;
    for template in templates {
        let frame = frame(&shared, template);
        for row in rows.iter().filter(|row| row["template"] == template) {
            let turns = turns(&row["messages"]);
            let expected: Vec<u32> = serde_json::from_value(row["ids"].clone()).unwrap();
            let framing = Framing { generation_prompt: row["generation_prompt"] == true, thinking: None };
            let framed = frame.encode(&turns, framing, &[]).unwrap();
            assert_eq!(framed.ids, expected, "{template}: {turns:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, rows.len(), "every golden row must belong to a template that is tested");
}

/// xorshift: hostile strings must be the same on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// Control tokens whole, cut and nested, our own marks, white space, every script and any character.
fn hostile(random: &mut Random, controls: &[String]) -> String {
    const PARTS: &[&str] = &[
        "<",
        ">",
        "|",
        "<|",
        "|>",
        "im_start",
        "<|im_",
        "end|>",
        "<think",
        "</",
        "\n",
        "\n\n",
        " ",
        "  ",
        "\t",
        "\r\n",
        "user",
        "assistant\n",
        "Safety: Safe",
        "\u{F0000}",
        "\u{F0001}",
        "\u{F0000}\u{F0001}",
        "\u{F0000}\u{F0000}\u{F0001}",
        "\u{F1000}0\u{F1001}",
        "e\u{301}",
        "สวัสดี",
        "မြန်မာ",
        "தமிழ்",
        "Việt",
        "😶\u{200d}🌫️",
        "\u{0}",
        "{{ messages }}",
        "{% raw %}",
        "<image>",
        "'s",
        "123",
    ];
    let mut text = String::new();
    for _ in 0..=random.below(9) {
        match random.below(4) {
            0 | 1 => text.push_str(&controls[random.below(controls.len())]),
            2 => text.push_str(PARTS[random.below(PARTS.len())]),
            _ => text.extend(char::from_u32(random.below(0x11_0000) as u32)),
        }
    }
    text
}

#[test]
fn ten_thousand_hostile_items_are_encoded_as_if_there_were_no_added_tokens() {
    let Some(shared) = shared() else { return };
    let mut json = tokenizer_json(&shared);
    let added = json["added_tokens"].as_array().unwrap().clone();
    let controls: Vec<String> = added.iter().map(|t| t["content"].as_str().unwrap().to_owned()).collect();
    let control = |text: &str| {
        let token = added.iter().find(|t| t["content"] == text).unwrap();
        vec![token["id"].as_u64().unwrap() as u32]
    };
    // Made here, apart from the code under test.
    json["added_tokens"] = Value::Array(Vec::new());
    let bare: tokenizers::Tokenizer = json.to_string().parse().unwrap();
    let plain = |text: &str| bare.encode(text, false).unwrap().get_ids().to_vec();
    // The frame around an item, from a render of an item that is no markup.
    let frame = frame(&shared, "qwen3guard-gen.jinja");
    let user = |content: &str| vec![Turn::text(Role::User, content)];
    let model = frame.encode(&user("\u{2603}"), Framing::default(), &[]).unwrap().text;
    let (before, after) = model.split_once('\u{2603}').unwrap();
    let before = before.strip_prefix("<|im_start|>user\n").unwrap();
    let after = after.strip_suffix("<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n").unwrap();
    let closing = [
        control("<|im_end|>"),
        plain("\n"),
        control("<|im_start|>"),
        plain("assistant\n"),
        control("<think>"),
        plain("\n\n"),
        control("</think>"),
        plain("\n\n"),
    ]
    .concat();
    let mut random = Random(0x5A21_4C55_0D15_EA5E);
    let mut with_controls = 0;
    for _ in 0..10_000 {
        let item = hostile(&mut random, &controls);
        with_controls += usize::from(controls.iter().any(|c| item.contains(c.as_str())));
        let piece = plain(&format!("user\n{before}{item}{after}"));
        let expected = [control("<|im_start|>"), piece, closing.clone()].concat();
        let framed = frame.encode(&user(&item), Framing::default(), &[]).unwrap();
        assert_eq!(framed.ids, expected, "{item:?}");
        assert_eq!(framed.turns[0].content, format!("{before}{item}{after}"), "{item:?}");
    }
    assert!(with_controls > 5_000, "most items must hold control tokens: {with_controls}");
}

#[test]
fn a_conversation_of_which_a_message_would_be_left_out_is_refused() {
    let Some(shared) = shared() else { return };
    let frame = frame(&shared, "qwen3guard-gen.jinja");
    let message = |role, content: &str| Turn::text(role, content);
    // The template prints nothing for an assistant's message that comes first.
    let messages = [message(Role::Assistant, "hello"), message(Role::User, "hi")];
    let refused = frame.encode(&messages, Framing::default(), &[]).unwrap_err();
    assert!(refused.to_string().contains("leaves out message 1"), "{refused}");
}
