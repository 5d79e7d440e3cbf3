rule download:
    input:
        registry=lambda wildcards: plan.registry_of(wildcards.source),
    output:
        manifest=f"{plan.config.downloads}/{{source}}.json",
    log:
        f"{LOGS}/download-{{source}}.log",
    priority: BEFORE_ALL
    conda:
        "../../environment.yml"
    params:
        folder=f"{plan.config.downloads}/{{source}}",
        mirror=plan.mirror,
    message:
        "download {wildcards.source}"
    script:
        "../scripts/download.py"


rule prepare:
    input:
        files=lambda wildcards: plan.inputs_of(wildcards.experiment, wildcards.dataset),
    output:
        clean=f"{RESULTS}/data/{{experiment}}/{{dataset}}/items.npz",
        facts=f"{RESULTS}/data/{{experiment}}/{{dataset}}/facts.json",
    log:
        f"{LOGS}/{{experiment}}/{{dataset}}/prepare.log",
    priority: of_experiment
    conda:
        "../../environment.yml"
    params:
        told=lambda wildcards: plan.preparation_of(wildcards.experiment, wildcards.dataset),
        folder=lambda wildcards: plan.downloads_of(wildcards.experiment, wildcards.dataset),
    message:
        "prepare {wildcards.dataset} for {wildcards.experiment}"
    script:
        "../scripts/prepare.py"


# What methods get and what is withheld from them go to files of their own.
rule pose:
    input:
        clean=f"{RESULTS}/data/{{experiment}}/{{dataset}}/items.npz",
        facts=f"{RESULTS}/data/{{experiment}}/{{dataset}}/facts.json",
    output:
        given=f"{RESULTS}/data/{CELL}.npz",
        withheld=f"{RESULTS}/data/{CELL}-withheld.npz",
    log:
        f"{LOGS}/{{experiment}}/{{dataset}}/{{noise}}/pose-{{seed}}.log",
    priority: of_experiment
    conda:
        "../../environment.yml"
    params:
        asked=lambda wildcards: plan.posing_of(*names(wildcards)),
    message:
        "pose {wildcards.dataset} with {wildcards.noise}, seed {wildcards.seed}"
    script:
        "../scripts/pose.py"
