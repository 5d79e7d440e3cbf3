# A method is given the noisy file and neither the clean one nor what is withheld. Neither the runner's modules nor the time
# limit are inputs: they do not change what a method answers.
rule run_method:
    input:
        observed=f"{RESULTS}/data/{{dataset}}/{{noise}}/{{seed}}.npz",
        facts=f"{RESULTS}/data/{{dataset}}/facts.json",
        method=method_of,
    output:
        estimate=f"{RUN}/estimate.npz",
        record=f"{RUN}/record.json",
    log:
        f"{LOG_RUN}.log",
    wildcard_constraints:
        method=any_of(name for name in METHODS if name not in SEE_TRUTH),
    priority: priority_of
    conda:
        "../../environment.yml"
    threads: config["threads"]
    resources:
        gpu=gpus_of,
        time_limit=time_limit_of,
    params:
        code=code_of,
        params=lambda wildcards: METHODS[wildcards.method].params,
        noise=lookup(within=config, dpath="noise/{noise}"),
        missing=missing_of,
        device=config["device"],
        threads=config["threads"],
    message:
        "run {wildcards.method} on {wildcards.dataset}, {wildcards.noise}, seed {wildcards.seed}"
    script:
        "../scripts/run_method.py"


# Controls that say so, and they alone, are given the clean signal in place of the noisy one.
use rule run_method as run_control with:
    input:
        observed=f"{RESULTS}/data/{{dataset}}/clean.npz",
        facts=f"{RESULTS}/data/{{dataset}}/facts.json",
        method=method_of,
    wildcard_constraints:
        method=any_of(SEE_TRUTH),


rule score:
    input:
        clean=f"{RESULTS}/data/{{dataset}}/clean.npz",
        withheld=f"{RESULTS}/data/{{dataset}}/{{noise}}/{{seed}}-withheld.npz",
        estimate=f"{RUN}/estimate.npz",
        record=f"{RUN}/record.json",
    output:
        scores=f"{RUN}/scores.csv",
        curves=f"{RUN}/curves.csv",
    log:
        f"{LOG_RUN}-score.log",
    conda:
        "../../environment.yml"
    params:
        library=plan.digest_of(library_of("score.py")),
        names=names_of,
        params=lambda wildcards: METHODS[wildcards.method].params,
        noise=lookup(within=config, dpath="noise/{noise}"),
    message:
        "score {wildcards.method} on {wildcards.dataset}, {wildcards.noise}, seed {wildcards.seed}"
    script:
        "../scripts/score.py"
