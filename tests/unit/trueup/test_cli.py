import os
import stat
from importlib.util import find_spec

import pytest

from trueup import cli, local


def test_help_lists_every_command_without_importing_one(capsys):
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_listed_command_exists(name):
    module, meaning = cli.COMMANDS[name]
    assert find_spec(module) is not None
    assert meaning


def test_an_unknown_command_is_named_with_the_nearest_one(capsys):
    assert cli.main(["migrat"]) == 2
    assert "did you mean 'migrate'?" in capsys.readouterr().err


def test_no_command_shows_the_list_and_fails():
    assert cli.main([]) == 2


def test_wrong_options_and_wrong_names_are_told_in_one_line(capsys):
    assert cli.main(["ps", "--nonsense"]) == 2
    assert cli.main(["run", "nobody"]) == 1
    assert "there is no service 'nobody'" in capsys.readouterr().err


def test_ps_says_when_nothing_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(local.STATE_VARIABLE, str(tmp_path))
    assert cli.main(["ps", "--json"]) == 0
    assert capsys.readouterr().out == "[]\n"


def test_variables_of_the_running_system_are_taken_unless_set(tmp_path, monkeypatch):
    monkeypatch.setenv(local.STATE_VARIABLE, str(tmp_path))
    monkeypatch.setenv("TRUEUP_TEST_SET", "mine")
    monkeypatch.delenv("TRUEUP_TEST_UNSET", raising=False)
    state = local.State.current()
    state.sub("run")
    local.write_environment(state, {"TRUEUP_TEST_SET": "theirs", "TRUEUP_TEST_UNSET": "theirs"})
    assert stat.S_IMODE(state.environment_file.stat().st_mode) == 0o600

    local.join_running_system()
    assert "TRUEUP_TEST_UNSET" not in os.environ  # nobody runs it: a killed system left the file
    with state.lock():
        local.join_running_system()
    assert os.environ["TRUEUP_TEST_SET"] == "mine"
    assert os.environ.pop("TRUEUP_TEST_UNSET") == "theirs"


def test_secrets_are_made_once_and_kept_private(tmp_path):
    state = local.State(tmp_path)
    first = local.Secrets(state)
    password, key = first.password("nats:sync"), first.key("secret_key")
    again = local.Secrets(state)
    assert (again.password("nats:sync"), again.key("secret_key")) == (password, key)
    assert again.password("nats:plans") != password
    assert stat.S_IMODE((tmp_path / "run" / "secrets.json").stat().st_mode) == 0o600


def test_a_state_folder_has_one_supervisor(tmp_path):
    state = local.State(tmp_path)
    assert not state.is_held()
    with state.lock():
        assert state.is_held()
        with pytest.raises(local.LocalError, match=f"process {os.getpid()}"):
            state.lock()
    assert not state.is_held()
    state.lock().close()
