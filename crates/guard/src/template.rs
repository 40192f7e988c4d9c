//! Chat templates, rendered the way serving engines do it: a checkpoint's own Jinja with Python's manners.
//!
//! [`ChatTemplate`] is compiled once and renders conversations to text. Its errors name kind and line, never what was
//! rendered: a template may put item text into an exception.

use minijinja::{Environment, Error, ErrorKind, Value, context, syntax::SyntaxConfig, value::Kwargs};
use minijinja_contrib::pycompat::unknown_method_callback;
use saring_verdict::{EngineError, JudgeError};
use serde::Serialize as _;
use serde_json::ser::{Formatter, PrettyFormatter};

use crate::turn::{Framing, Turn};

/// Instructions that one rendering may take. The longest known template takes a few thousand for each turn.
const FUEL: u64 = 20_000_000;

const NAME: &str = "chat_template";

/// A clock.
pub(crate) type Now = fn() -> jiff::Zoned;

/// A compiled chat template.
#[derive(Debug)]
pub(crate) struct ChatTemplate {
    environment: Environment<'static>,
    source: String,
    specials: Value,
}

impl ChatTemplate {
    /// Compiles `source`. `tokenizer_config` gives `bos_token` and its like, `now` the date for templates that say it.
    ///
    /// # Errors
    /// `BadTemplate` with kind and line.
    pub fn new(source: String, tokenizer_config: &serde_json::Value, now: Now) -> Result<Self, EngineError> {
        let mut environment = Environment::new();
        environment.set_syntax(blocks_without_lines(&source)?);
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.add_filter("tojson", tojson);
        environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        });
        environment.add_function("strftime_now", move |format: String| -> Result<String, Error> {
            jiff::fmt::strtime::format(&format, &now())
                .map_err(|_| Error::new(ErrorKind::InvalidOperation, "strftime_now: unknown format"))
        });
        environment
            .add_template_owned(NAME, source.clone())
            .map_err(|e| EngineError::BadTemplate { reason: describe(&e, &source) })?;
        Ok(Self { environment, source, specials: special_tokens(tokenizer_config) })
    }

    /// The Jinja source.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Renders a conversation.
    ///
    /// # Errors
    /// `Template` with kind and line, and the words of a `raise_exception` if they are the template's own.
    pub fn render(&self, turns: &[Turn], framing: Framing) -> Result<String, JudgeError> {
        let messages: Vec<Value> = turns
            .iter()
            .map(|turn| context! { role => turn.role.as_str(), content => content(turn) })
            .collect();
        let context = context! {
            messages => messages,
            add_generation_prompt => framing.generation_prompt,
            // A template may ask whether it was told: undefined is not there at all.
            enable_thinking => framing.thinking.map_or(Value::UNDEFINED, Value::from),
            tools => Value::from(()),
            documents => Value::from(()),
            ..self.specials.clone()
        };
        self.environment
            .get_template(NAME)
            .and_then(|template| template.render(context))
            .map_err(|e| JudgeError::Template { reason: describe(&e, &self.source) })
    }
}

/// A string, or where there are images the list of parts that processors make of them.
fn content(turn: &Turn) -> Value {
    if turn.images == 0 {
        return Value::from(turn.content.as_str());
    }
    let images = std::iter::repeat_n(context! { type => "image" }, turn.images);
    images.chain([context! { type => "text", text => turn.content.as_str() }]).collect()
}

/// Block tags leave neither their indentation nor their line break behind, as serving engines set it.
fn blocks_without_lines(source: &str) -> Result<SyntaxConfig, EngineError> {
    SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .map_err(|e| EngineError::BadTemplate { reason: describe(&e, source) })
}

/// Kind and line of an error; its detail only where it is a sentence of the template itself.
fn describe(error: &Error, source: &str) -> String {
    let mut text = error.kind().to_string();
    if let Some(line) = error.line() {
        text.push_str(&format!(" in line {line}"));
    }
    let is_syntax = error.kind() == ErrorKind::SyntaxError;
    if let Some(detail) = error.detail().filter(|d| is_syntax || (d.len() > 3 && source.contains(*d))) {
        text.push_str(&format!(": {detail}"));
    }
    text
}

/// `bos_token` and its like, as strings.
fn special_tokens(tokenizer_config: &serde_json::Value) -> Value {
    let names = ["bos_token", "eos_token", "pad_token", "unk_token"];
    Value::from_pairs(names.into_iter().filter_map(|name| {
        let value = &tokenizer_config[name];
        let text = value.as_str().or_else(|| value["content"].as_str())?;
        Some((name, text.to_owned()))
    }))
}

/// Python's `json.dumps(value, ensure_ascii=False, ...)`; minijinja's own filter escapes for HTML.
fn tojson(value: Value, options: Kwargs) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let mut out = Vec::new();
    let written = match indent {
        Some(width) => {
            let spaces = " ".repeat(width.min(16));
            let formatter = PrettyFormatter::with_indent(spaces.as_bytes());
            value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, formatter))
        }
        None => value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, PythonSeparators)),
    };
    written
        .ok()
        .and_then(|()| String::from_utf8(out).ok())
        .ok_or_else(|| Error::from(ErrorKind::BadSerialization))
}

/// A space after each comma and colon.
struct PythonSeparators;

impl Formatter for PythonSeparators {
    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use saring_verdict::Role;

    use super::*;

    fn user(content: &str) -> Vec<Turn> {
        vec![Turn::text(Role::User, content)]
    }

    fn rendered(source: &str, content: &str) -> Result<String, JudgeError> {
        let config = serde_json::json!({"bos_token": {"content": "<s>"}, "eos_token": "</s>"});
        let framing = Framing { generation_prompt: true, thinking: None };
        ChatTemplate::new(source.into(), &config, jiff::Zoned::now).unwrap().render(&user(content), framing)
    }

    #[test]
    fn python_methods_loop_controls_and_special_tokens_work() {
        let source = "{{ bos_token }}{% for m in messages %}{{ m['content'].strip().upper() }}{% break %}{% endfor %}\
                      {{ eos_token }}{% if tools is none %}!{% endif %}";
        assert_eq!(rendered(source, " a ").unwrap(), "<s>A</s>!");
    }

    #[test]
    fn blocks_leave_no_blank_lines_behind() {
        let source = "{% if true %}\n    {% set x = 1 %}\nx{{ x }}\n{% endif %}\n";
        assert_eq!(rendered(source, "").unwrap(), "x1\n");
    }

    #[test]
    fn json_is_pythons_without_html_escapes() {
        let source = "{{ {'a': [1, '<é>']} | tojson }}";
        assert_eq!(rendered(source, "").unwrap(), r#"{"a": [1, "<é>"]}"#);
        let source = "{{ [1, 2] | tojson(indent=2) }}";
        assert_eq!(rendered(source, "").unwrap(), "[\n  1,\n  2\n]");
    }

    #[test]
    fn an_exception_is_repeated_only_in_the_templates_own_words() {
        let own = rendered("{{ raise_exception('roles must alternate') }}", "x").unwrap_err();
        assert!(own.to_string().contains("roles must alternate"), "{own}");
        let foreign =
            rendered("{{ raise_exception('no: ' + messages[0].content) }}", "secret words").unwrap_err();
        assert!(!foreign.to_string().contains("secret"), "item text in an error: {foreign}");
        let foreign = rendered("{{ messages[0].content.nosuchmethod() }}", "secret words").unwrap_err();
        assert!(!foreign.to_string().contains("secret"), "item text in an error: {foreign}");
    }

    #[test]
    fn a_template_that_loops_for_ever_runs_out_of_fuel() {
        let source = "{% for a in range(90000) %}{% for b in range(90000) %}{% for c in range(90000) %}\
                      {% endfor %}{% endfor %}{% endfor %}";
        assert!(rendered(source, "").unwrap_err().to_string().contains("fuel"));
    }

    #[test]
    fn images_come_as_parts_before_the_text() {
        let source = "{% for part in messages[0].content %}{{ part.type }}:{{ part.text }};{% endfor %}";
        let template = ChatTemplate::new(source.into(), &serde_json::Value::Null, jiff::Zoned::now).unwrap();
        let turn = Turn { role: Role::User, images: 2, content: "x".into() };
        assert_eq!(template.render(&[turn], Framing::default()).unwrap(), "image:;image:;text:x;");
    }

    #[test]
    fn a_template_can_tell_whether_it_was_told_about_thinking() {
        let source = "{{ enable_thinking is defined and enable_thinking is false }}";
        let template = ChatTemplate::new(source.into(), &serde_json::Value::Null, jiff::Zoned::now).unwrap();
        let told = |thinking| template.render(&user(""), Framing { generation_prompt: false, thinking });
        assert_eq!(told(Some(false)).unwrap(), "True");
        assert_eq!(told(None).unwrap(), "False");
    }

    #[test]
    fn the_date_can_be_asked_for() {
        assert_eq!(rendered("{{ strftime_now('%Y') }}", "").unwrap().len(), 4);
    }
}
