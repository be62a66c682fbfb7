"""The layers of the package, read off its imports: a module imports only from levels above its own."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mcusim"

# A module, or a whole folder of siblings, may import from the levels before its own.
LEVELS = (
    {"errors", "tables", "interpreter", "siblings"},
    {"clock", "datasets", "documents", "figures", "flame_graphs", "markdown_text", "pareto", "regions", "toml_text"},
    {
        "timing_rules",
        "archive",
        "delivery",
        "manifest",
        "measured_log",
        "chips",
        "console",
        "crc_unit",
        "timers",
        "policy",
        "delta",
        "alignment",
        "exception_frames",
        "system_control",
    },
    {"model", "hardware", "recording", "layer_parts", "memory_parts", "nonnegative"},
    {"trace"},
    {"record_checks", "runtime"},
    {"record"},
    {
        "application",
        "evaluation",
        "cycle_tree",
        "memory_record",
        "layer_tensors",
        "basis",
        "byte_changes",
        "loop_changes",
    },
    {"app_profile", "layer_changes"},
    {"sketch", "judgement"},
    {"cost", "layer_drawing", "compare"},
    {"byte_runs"},
    {"energy", "published", "cache_registers", "call_storage"},
    {"saved_calls"},
    {"call_comparison"},
    {"call_report"},
    {"call_session"},
    {"expectation", "uarts", "semihosting", "execution"},
    {"peripherals", "call_result"},
    {"abi", "bits", "fixedpoint", "lanes", "flatbuffer", "c_array", "extensions", "address_space", "addressing"},
    {"nn", "operands"},
    {
        "procedure_call",
        "structures",
        "copies",
        "gaps",
        "geometry",
        "offline_plan",
        "requantization",
        "variables",
        "memory_guard",
        "observer",
        "debug_line",
        "symbols",
        "thumb_relocations",
    },
    {"call_arguments", "accesses", "cache_sets", "free_blocks", "heap", "workload"},
    {"allocation_marks", "heap_operations"},
    {"memory_parameters"},
    {"operand_stages", "branch_prediction", "chained_loads"},
    {"convolution", "elementwise", "pooling", "batching", "padding", "reduction", "resizing", "splitting"},
    {"comparison", "samples", "sigmoid", "extremes"},
    {"isa", "scratch", "observations", "stack_depth", "build_attributes", "producers"},
    {"kernel_image", "linker"},
    {"program_linker", "cross_compiler"},
    {"ops", "allocators", "memories", "pipelines", "op_options"},
    {"likely", "call_costs"},
    {"costs", "heap_replay"},
    {"timing", "memory_systems", "soak"},
    {"accumulators"},
    {"all_outputs", "roundings", "forward", "loops", "kernel_variants", "run_inputs", "saved_soak", "scores"},
    {"changed_layer", "differences", "hot_code", "litert"},
    {"against"},
    {"footprints"},
    {"streams", "formulas", "code_lines", "residency"},
    {"tflite", "elf", "decoder", "arena", "call_stacks", "touched_bytes", "first_entries"},
    {"images", "object_files", "library_notes", "shared_arena", "head_plans", "op_order", "aliasing", "plan_writer"},
    {"program", "firmware_memory"},
    {"linkable"},
    {"firmware_application"},
    {"placement", "shortages", "flash_runtime", "weight_statistics", "compiling"},
    {"occupancy"},
    {"layout"},
    {"plan", "tracing", "estimate"},
    {"recorder", "regimes", "memory_map", "memory_study", "budget", "linked_flash", "untouched"},
    {"emulator", "resumable", "kernel_library", "memory_report"},
    {"bare_metal", "call_profile"},
    {"wait_loops", "flash_settings", "kernel_calls"},
    {"firmware_run"},
    {"intervals"},
    {"execute"},
    {"inference", "estimation", "buffer_sizes"},
    {"faster_variants"},
    {"run", "advice", "replaced_kernels", "verdicts"},
    {"call_budgets", "call_origins", "target", "twins"},
    {"accuracy", "calibrate", "evaluate", "sweep"},
    {"sampling"},
    {"fit"},
    {"renderers"},
    {"__init__", "baseline"},
    {"pytest_target"},
    {"pytest_calls"},
    {"pytest_plugin"},
    {"command_line"},
    {"evaluation_command", "soak_command"},
    {"commands"},
    {"cli"},
    {"__main__"},
)

# Packages that only these modules may import.
RESERVED = {
    "unicorn": {"emulator.py", "bare_metal.py"},
    "capstone": {"decoder.py"},
    "rich": {"command_line.py", "renderers/text.py"},
    "typer": {
        "cli.py",
        "command_line.py",
        "evaluation_command.py",
        "soak_command.py",
        *(f"commands/{path.name}" for path in (PACKAGE / "commands").glob("*.py")),
    },
    "elftools": {"elf.py"},
    "ortools": {"allocators/optimum.py"},
}


def files():
    return sorted(PACKAGE.rglob("*.py"))


def unit(path):
    """The module or the folder of siblings that a file belongs to."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def level(name):
    for number, members in enumerate(LEVELS):
        if name in members:
            return number
    return None


@cache
def syntax(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path):
    """(line, dotted name) of every import of a file, those inside functions too."""
    return tuple(_imports(path))


def _imports(path):
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            if node.module == "mcusim":
                for alias in node.names:
                    yield node.lineno, f"mcusim.{alias.name}"
            else:
                yield node.lineno, node.module or ""


def test_imports_only_from_levels_above():
    wrong = []
    for path in files():
        own, shown = unit(path), path.relative_to(ROOT)
        if level(own) is None:
            wrong.append(f"{shown} has no level in the architecture")
            continue
        for line, name in imports(path):
            if not name.startswith("mcusim."):
                continue
            target = name.split(".")[1]
            if target == own or not ((PACKAGE / target).is_dir() or (PACKAGE / f"{target}.py").is_file()):
                continue
            if level(target) is None or level(target) >= level(own):
                wrong.append(f"{shown}:{line} imports {name}, which is not above it")
    assert not wrong, "\n".join(wrong)


def test_reserved_packages():
    wrong = []
    for path in files():
        name = str(path.relative_to(PACKAGE))
        for line, imported in imports(path):
            owners = RESERVED.get(imported.split(".")[0])
            if owners is not None and name not in owners:
                wrong.append(f"{name}:{line} imports {imported}; only {sorted(owners)} may")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("family", ["nn", "ops", "allocators", "memories", "pipelines", "commands"])
def test_siblings_do_not_import_each_other(family):
    folder = PACKAGE / family
    for path in sorted(folder.glob("*.py")):
        if path.name == "__init__.py":
            continue
        for line, name in imports(path):
            sibling = name.split(".")[2] if name.startswith(f"mcusim.{family}.") else None
            assert sibling is None, f"{path.name}:{line} imports its sibling {name}"


def test_every_module_says_what_it_is():
    silent = [path for path in files() if not ast.get_docstring(syntax(path))]
    assert not silent, f"no docstring: {[str(path.relative_to(ROOT)) for path in silent]}"


def test_no_module_is_a_drawer():
    forbidden = {"utils", "base", "manager", "helpers", "common", "misc"}
    assert not [path for path in files() if path.stem in forbidden]
