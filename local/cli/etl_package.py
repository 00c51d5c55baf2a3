"""The command `etl package`: the ETL as a job for a Spark that runs elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from local.cli.options import Json
from local.console import console, print_json


def package(
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path("dist/etl"),
    as_json: Json = False,
) -> None:
    """Write the ETL as a Spark job: the code as a zip, an entry script, and the libraries that it needs.

    For spark-submit, EMR Serverless, Glue and Databricks; the job's arguments are those of crossover etl load.
    """
    from local.deploy.spark_job import write_job

    job = write_job(out)
    if as_json:
        print_json({name: str(path) for name, path in job._asdict().items()})
        return
    for path in job:
        console.print(str(path), highlight=False, soft_wrap=True)
    console.print(
        f"spark-submit --py-files {job.code} {job.entry} TWEETS... --popular FILE --store URL --work URL",
        highlight=False,
        soft_wrap=True,
    )
