"""What the comparison promises about its own bookkeeping. No engine is started.

    cd tests/peers && python -m unittest
"""

import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import llama
import machine
import report
import saring_engine
import settings
import workload
from checkpoints import SHAPES
from rounds import Results, Run, best
from workload import Item, Mode

GUARD = SHAPES[0]


def item(text: str) -> Item:
    return Item(f"<|im_start|>user\nIs this safe? {text}<|im_end|>\n", 20, 10)


class Kept(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name) / "results.json"

    def put(self, engine: str, weights: str, number: int, **figures: float) -> None:
        (what,) = [name for name in figures if name != "load_s"]
        self.results().put(Run(GUARD.name, engine, weights, what, round=number), {"others": 0.0} | figures)

    def results(self) -> Results:
        return Results(self.path)

    def test_a_finished_run_is_found_by_a_later_comparison(self) -> None:
        run = Run(GUARD.name, "llama.cpp", "Q8_0", "full", (("slots", 4), ("cache", True)), 2)
        self.results().put(run, {"full": 1.5})
        self.assertEqual(self.results().get(run), {"full": 1.5})
        self.assertIsNone(self.results().get(replace(run, round=3)), "another round is another run")
        self.assertIsNone(self.results().get(replace(run, setting=(("slots", 1), ("cache", True)))), "so is another setting")
        ((found, _),) = self.results().runs(GUARD.name)
        self.assertEqual(found.key(), run.key(), "a run comes back from the file as what it was")

    def test_results_of_another_machine_are_not_gone_on_with(self) -> None:
        self.results().describe({"machine": {"processor": "one"}})
        with self.assertRaises(ValueError):
            self.results().describe({"machine": {"processor": "another"}})

    def test_one_engine_can_be_measured_again_beside_the_others_figures(self) -> None:
        self.put("saring", "int8", 1, full=5.0)
        self.put("llama.cpp", "Q8_0", 1, full=1.0)
        results = self.results()
        results.forget("saring")
        self.assertEqual([run.engine for run, _ in self.results().runs(GUARD.name)], ["llama.cpp"])

    def test_the_table_has_medians_spreads_and_the_ratio_to_the_best_peer(self) -> None:
        for number, (ours, theirs, slower) in enumerate([(6.0, 2.0, 1.0), (5.0, 1.0, 1.5), (4.0, 3.0, 0.5)], start=1):
            self.put("saring", "int8", number, full=ours, load_s=1.0)
            self.put("llama.cpp", "Q8_0", number, full=theirs)
            self.put("transformers", "f32", number, full=slower)
        lines = report.rounds_table(GUARD, self.results().runs(GUARD.name)).splitlines()
        self.assertEqual([line.split(" | ")[0] for line in lines[2:]], ["| llama.cpp", "| transformers", "| saring"])
        self.assertIn("| 5.00 (4.00-6.00) |", lines[4])
        self.assertIn("| 33 min | 2.50 / - |", lines[4], "10,000 items at 5 a second, and 5 against the best median, 2")

    def test_what_was_only_tried_is_in_no_ratio(self) -> None:
        self.put("llama.cpp", "Q8_0", 0, full=100.0)
        self.put("llama.cpp", "Q8_0", 1, full=1.0)
        self.assertEqual(report.best_peer(report.gathered(self.results().runs(GUARD.name)), "full"), 1.0)

    def test_tables_replace_only_what_stands_between_the_marks(self) -> None:
        document = Path(self.folder.name) / "performance.md"
        document.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
        self.put("llama.cpp", "Q8_0", 1, full=1.0)
        results = self.results()
        results.describe({"machine": machine.describe(), "date": "2000-01-02", "share": 1.0})
        for _ in range(2):
            report.write(document, results, [GUARD])
        written = document.read_text()
        self.assertTrue(written.startswith("before\n") and written.endswith("\nafter\n"), "the text around stays")
        self.assertNotIn("old", written)
        self.assertEqual(written.count("| llama.cpp | Q8_0 |"), 1, "written twice, it stands there once")
        document.write_text("no marks")
        with self.assertRaises(ValueError):
            report.write(document, results, [GUARD])


class Settings(unittest.TestCase):
    def test_weights_that_start_hopelessly_are_not_tried_further(self) -> None:
        rates = {("Q8_0", 4): 2.0, ("Q8_0", 1): 1.0, ("bf16", 4): 0.5, ("bf16", 1): 9.0, ("f16", 4): 1.5, ("f16", 1): 0.1}
        asked = []

        def measure(run: Run) -> dict:
            asked.append((run.weights, dict(run.setting)["slots"]))
            return {"full": rates[asked[-1]]}

        runs = [Run(GUARD.name, "llama.cpp", weights, "full", (("slots", slots),)) for weights, slots in rates]
        settings.promising(runs, measure)
        self.assertEqual(asked, [each for each in rates if each != ("bf16", 1)])

    def test_flags_are_tried_on_the_same_setting_when_a_comparison_goes_on(self) -> None:
        usual, changed = llama.Setting(slots=8), llama.Setting(slots=8, flash="off")
        runs = [Run(GUARD.name, "llama.cpp", "Q8_0", "full", settings.settled(each)) for each in (usual, changed)]
        self.assertEqual([settings.has_usual_flags(run) for run in runs], [True, False])

    def test_rounds_take_the_best_of_the_quantised_and_of_the_others(self) -> None:
        tried = [
            (Run(GUARD.name, "llama.cpp", weights, "one", (("slots", slots),)), {"one": rate})
            for weights, slots, rate in [("Q8_0", 1, 1.0), ("Q8_0", 4, 3.0), ("Q4_0", 4, 2.0), ("bf16", 1, 0.5), ("f16", 1, 0.4)]
        ]
        found = [best(tried, "llama.cpp", "one", kind) for kind in settings.kinds("llama.cpp")]
        self.assertEqual([(run.weights, dict(run.setting)) for run in found], [("Q8_0", {"slots": 4}), ("bf16", {"slots": 1})])
        self.assertIsNone(best(tried, "transformers", "one", ("f32",)), "what was not tried has no best")


class Workloads(unittest.TestCase):
    def test_a_workload_is_read_as_it_was_written(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "workload.jsonl"
            workload.write(path, [item("วันนี้"), item("a\nb")])
            self.assertEqual(workload.read(path), [item("วันนี้"), item("a\nb")])
            path.write_text('{"prompt": "x", "tokens": 1}\n')
            with self.assertRaisesRegex(ValueError, "line 1.*answer_tokens"):
                workload.read(path)

    def test_the_items_own_texts_are_found_again_in_their_prompts(self) -> None:
        self.assertEqual(workload.texts([item("one"), item("two"), item("")]), ["one", "two", ""])

    def test_images_stand_where_the_template_puts_them(self) -> None:
        (found,) = workload.with_images([item("look")], [Path("0.png")], 258)
        self.assertTrue(found.prompt.startswith(workload.USER + workload.IMAGE_MARK + "Is this safe? look"))
        self.assertEqual(found.tokens, 278)

    def test_the_length_of_an_answer_goes_by_the_mode(self) -> None:
        self.assertEqual([mode.answer_tokens(item("x")) for mode in (Mode.FULL, Mode.ONE, Mode.IMAGE)], [10, 1, 1])


class Programs(unittest.TestCase):
    def test_memory_output_and_failures_of_a_program_are_seen(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            said, ended = machine.run([sys.executable, "-c", "held = b'x' * (200 << 20); print('said')"], log)
            self.assertEqual(said, "said\n")
            self.assertGreater(ended.peak_mib, 200, "what it held counts")
            with self.assertRaisesRegex(RuntimeError, "the reason"):
                machine.run([sys.executable, "-c", "raise SystemExit('the reason')"], log)

    def test_saring_must_have_judged_the_items_that_the_others_were_asked_about(self) -> None:
        items = [item("one"), item("two")]
        # Two forced tokens an item are its own business.
        for tokens in (40, 44):
            saring_engine.check({"items": 2, "tokens": tokens}, items)
        for wrong in ({"items": 2, "tokens": 41}, {"items": 2, "tokens": 38}, {"items": 1, "tokens": 20}):
            with self.assertRaisesRegex(RuntimeError, "2 items of 40 tokens"):
                saring_engine.check(wrong, items)


if __name__ == "__main__":
    unittest.main()
