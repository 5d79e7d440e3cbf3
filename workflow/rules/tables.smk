rule table:
    input:
        scores=lambda wildcards: of_cells(wildcards.experiment, ".csv"),
        curves=lambda wildcards: of_cells(wildcards.experiment, "-curves.csv"),
    output:
        scores=f"{RESULTS}/{{experiment}}/scores.csv",
        parquet=f"{RESULTS}/{{experiment}}/scores.parquet",
        summary=report(
            f"{RESULTS}/{{experiment}}/summary.csv",
            caption="../report/table.rst",
            category="{experiment}",
            labels={"item": "table of scores"},
        ),
        curves=f"{RESULTS}/{{experiment}}/curves.csv",
    log:
        f"{LOGS}/{{experiment}}/table.log",
    priority: of_experiment
    conda:
        "../../environment.yml"
    params:
        entry=lambda wildcards: plan.tabled(wildcards.experiment),
        code=lambda wildcards: plan.code("report/tables"),
    message:
        "table of {wildcards.experiment}"
    script:
        "../scripts/table.py"


rule figure:
    input:
        given=lambda wildcards: f"{RESULTS}/{plan.pictured_problems(*names(wildcards))}.npz",
        withheld=lambda wildcards: f"{RESULTS}/{plan.pictured_problems(*names(wildcards))}-withheld.npz",
        facts=f"{RESULTS}/data/{{experiment}}/{{dataset}}/facts.json",
        estimates=lambda wildcards: of_runs(plan.pictured(*names(wildcards)), "estimate.npz"),
        scores=f"{RESULTS}/{{experiment}}/scores.csv",
        summary=f"{RESULTS}/{{experiment}}/summary.csv",
        curves=f"{RESULTS}/{{experiment}}/curves.csv",
        families=ROOT / "benchmark" / "report" / "families.yaml",
    output:
        picture=report(
            f"{RESULTS}/{{experiment}}/{{dataset}}/{{noise}}/{{figure}}.{{format}}",
            caption="../report/figure.rst",
            category="{experiment}",
            labels={"item": "{figure}", "data": "{dataset}", "noise": "{noise}"},
        ),
    log:
        f"{LOGS}/{{experiment}}/{{dataset}}-{{noise}}-{{figure}}-{{format}}.log",
    priority: of_experiment
    conda:
        "../../environment.yml"
    params:
        entry=lambda wildcards: plan.drawn(wildcards.experiment),
        methods=lambda wildcards: [run.method for run in plan.pictured(*names(wildcards))],
        code=lambda wildcards: [
            plan.code(f"report/figures/{wildcards.figure}"),
            plan.code("report/scene"),
            plan.code("report/style", "save"),
        ],
    message:
        "figure {wildcards.figure} of {wildcards.experiment}, {wildcards.dataset}"
    script:
        "../scripts/figure.py"


rule sweep:
    input:
        scores=f"{RESULTS}/{{experiment}}/scores.csv",
        curves=f"{RESULTS}/{{experiment}}/curves.csv",
        families=ROOT / "benchmark" / "report" / "families.yaml",
    output:
        picture=report(
            f"{RESULTS}/{{experiment}}/sweep.{plan.formats['sweep']}",
            caption="../report/figure.rst",
            category="{experiment}",
            labels={"item": "sweep", "data": "all", "noise": "all"},
        ),
    log:
        f"{LOGS}/{{experiment}}/sweep.log",
    priority: of_experiment
    conda:
        "../../environment.yml"
    params:
        entry=lambda wildcards: plan.drawn(wildcards.experiment),
        code=lambda wildcards: [
            plan.code("report/figures/sweep"),
            plan.code("report/style", "save"),
        ],
    message:
        "sweep of {wildcards.experiment}"
    script:
        "../scripts/sweep.py"


rule assets:
    input:
        ASSETS,
    output:
        collect(
            f"{SITE}/assets/{{name}}",
            name="site.css site.js datatables.css datatables.js vega.js".split(),
        ),
    log:
        f"{LOGS}/assets.log",
    priority: BEFORE_ALL
    conda:
        "../../environment.yml"
    params:
        code=lambda wildcards: plan.code("report/site/render", "write_assets"),
    message:
        "scripts and styles of the pages"
    script:
        "../scripts/assets.py"


rule scorecard:
    input:
        cards=collect(f"{RESULTS}/{{experiment}}/scorecard.csv", experiment=plan.selected),
    output:
        csv=report(
            f"{RESULTS}/scorecard.csv",
            caption="../report/scorecard.rst",
            category="scorecard",
            labels={"item": "scorecard"},
        ),
        markdown=f"{RESULTS}/scorecard.md",
    log:
        f"{LOGS}/scorecard.log",
    conda:
        "../../environment.yml"
    params:
        code=lambda wildcards: [
            plan.code("report/overview", "write_scorecard"),
            plan.code("report/scorecard", "read_cards"),
        ],
    message:
        "scorecard of the claims"
    script:
        "../scripts/scorecard.py"


rule index:
    input:
        scorecard=rules.scorecard.output,
        pages=collect(f"{SITE}/{plan.profile}/{{experiment}}.html", experiment=plan.selected),
        templates=TEMPLATES,
    output:
        html=f"{SITE}/index.html",
        summary=f"{RESULTS}/summary.txt",
        experiments=f"{RESULTS}/experiments.yaml",
        manifest=f"{RESULTS}/manifest.json",
        config=f"{RESULTS}/config.yaml",
    log:
        f"{LOGS}/index.log",
    conda:
        "../../environment.yml"
    params:
        entries=lambda wildcards: plan.entries(),
        settings=lambda wildcards: plan.settings,
        code=lambda wildcards: [
            plan.code("report/overview", "make_summary"),
            plan.code("report/site/shelves"),
        ],
    message:
        "index of all results"
    script:
        "../scripts/index.py"


# The page of an experiment stands as soon as its tables and figures do, and the index so far has it.
rule page:
    input:
        products=lambda wildcards: [
            f"{RESULTS}/{product}" for product in plan.products_of(wildcards.experiment)
        ],
        assets=rules.assets.output,
        templates=TEMPLATES,
    output:
        entry=f"{RESULTS}/{{experiment}}/entry.yaml",
        card=f"{RESULTS}/{{experiment}}/scorecard.csv",
        html=f"{SITE}/{plan.profile}/{{experiment}}.html",
    log:
        f"{LOGS}/{{experiment}}/page.log",
    priority: of_experiment
    conda:
        "../../environment.yml"
    params:
        entry=lambda wildcards: plan.entry(wildcards.experiment),
        code=lambda wildcards: [
            plan.code("report/claims", "scorecard"),
            plan.code("report/site/experiment"),
        ],
    message:
        "page of {wildcards.experiment}"
    script:
        "../scripts/page.py"


# Fails while any run has failed or is missing, so that a hole in a table ends in an exit status other than zero.
rule complete:
    input:
        scores=f"{RESULTS}/{{experiment}}/scores.csv",
        page=f"{SITE}/{plan.profile}/{{experiment}}.html",
    output:
        f"{RESULTS}/{{experiment}}/complete.txt",
    log:
        f"{LOGS}/{{experiment}}/complete.log",
    priority: of_experiment
    conda:
        "../../environment.yml"
    params:
        cells=lambda wildcards: plan.tabled_runs(wildcards.experiment),
    message:
        "check that no run of {wildcards.experiment} failed"
    script:
        "../scripts/complete.py"
