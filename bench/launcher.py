"""The bot with the probe of the bench as one more extension: `python -m bench.launcher run`."""

from bot import cli, client


def main() -> None:
    """The `helpr` command with the probe."""
    client.EXTENSIONS += ("bench.probe",)  # type: ignore[assignment]
    cli.main()


if __name__ == "__main__":
    main()
