rule table:
    input:
        scores=scores_of,
        curves=curves_of,
        library=library_of("table.py") + TEMPLATES,
    output:
        scores=f"{RESULTS}/{{experiment}}/scores.csv",
        parquet=f"{RESULTS}/{{experiment}}/scores.parquet",
        summary=f"{RESULTS}/{{experiment}}/summary.csv",
        curves=f"{RESULTS}/{{experiment}}/curves.csv",
        html=report(
            f"{RESULTS}/{{experiment}}/table.html",
            caption="../report/table.rst",
            category="{experiment}",
            labels={"item": "table of scores"},
        ),
    log:
        f"logs/{config['profile']}/{{experiment}}/table.log",
    conda:
        "../../environment.yml"
    params:
        experiment=lambda wildcards: plan.described(wildcards.experiment, config, DATASETS),
    message:
        "table of {wildcards.experiment}"
    script:
        "../scripts/table.py"


rule figure:
    input:
        clean=f"{RESULTS}/data/{{dataset}}/clean.npz",
        facts=f"{RESULTS}/data/{{dataset}}/facts.json",
        noisy=noisy_of,
        estimates=estimates_of,
        scores=f"{RESULTS}/{{experiment}}/scores.csv",
        summary=f"{RESULTS}/{{experiment}}/summary.csv",
        curves=f"{RESULTS}/{{experiment}}/curves.csv",
        library=library_of("figure.py"),
    output:
        png=report(
            f"{RESULTS}/{{experiment}}/{{dataset}}/{{noise}}/{{figure}}.png",
            caption="../report/figure.rst",
            category="{experiment}",
            labels={
                "item": "{figure}",
                "data": "{dataset}",
                "noise": "{noise}",
            },
        ),
    log:
        f"logs/{config['profile']}/{{experiment}}/{{dataset}}-{{noise}}-{{figure}}.log",
    conda:
        "../../environment.yml"
    params:
        methods=lambda wildcards: [run.method for run in pictured_of(wildcards)],
        seed=first_seed,
    message:
        "figure {wildcards.figure} of {wildcards.experiment}, {wildcards.dataset}"
    script:
        "../scripts/figure.py"


rule sweep:
    input:
        scores=f"{RESULTS}/{{experiment}}/scores.csv",
        curves=f"{RESULTS}/{{experiment}}/curves.csv",
        library=library_of("sweep.py"),
    output:
        png=report(
            f"{RESULTS}/{{experiment}}/sweep.png",
            caption="../report/figure.rst",
            category="{experiment}",
            labels={"item": "sweep", "data": "all", "noise": "all"},
        ),
    log:
        f"logs/{config['profile']}/{{experiment}}/sweep.log",
    conda:
        "../../environment.yml"
    params:
        sweep=lookup(within=config, dpath="experiments/{experiment}/sweep"),
    message:
        "sweep of {wildcards.experiment}"
    script:
        "../scripts/sweep.py"


rule scorecard:
    input:
        claims=ROOT / "config" / "claims.yaml",
        scores=collect(f"{RESULTS}/{{experiment}}/scores.csv", experiment=EXPERIMENTS),
        curves=collect(f"{RESULTS}/{{experiment}}/curves.csv", experiment=EXPERIMENTS),
        library=library_of("scorecard.py") + TEMPLATES + [CLAIMS_SCHEMA],
    output:
        html=report(
            f"{RESULTS}/scorecard.html",
            caption="../report/scorecard.rst",
            category="scorecard",
            labels={"item": "scorecard"},
        ),
        csv=f"{RESULTS}/scorecard.csv",
        markdown=f"{RESULTS}/scorecard.md",
    log:
        f"logs/{config['profile']}/scorecard.log",
    conda:
        "../../environment.yml"
    params:
        config=config,
    message:
        "scorecard of the paper's claims"
    script:
        "../scripts/scorecard.py"


rule index:
    input:
        scorecard=rules.scorecard.output,
        products=[product for name in EXPERIMENTS for product in products_of(name)],
        library=library_of("index.py") + TEMPLATES,
    output:
        html=f"{RESULTS}/index.html",
        summary=f"{RESULTS}/summary.txt",
        config=f"{RESULTS}/config.yaml",
        manifest=f"{RESULTS}/manifest.json",
    log:
        f"logs/{config['profile']}/index.log",
    conda:
        "../../environment.yml"
    params:
        config=config,
    message:
        "index of all results"
    script:
        "../scripts/index.py"


# Fails while any run has failed, so that a hole in a table ends in an exit status other than zero.
rule complete:
    input:
        scores=f"{RESULTS}/{{experiment}}/scores.csv",
    output:
        f"{RESULTS}/{{experiment}}/complete.txt",
    log:
        f"logs/{config['profile']}/{{experiment}}/complete.log",
    conda:
        "../../environment.yml"
    message:
        "check that no run of {wildcards.experiment} failed"
    script:
        "../scripts/complete.py"
