# A method is given the problems, and nothing of what is withheld; its environment, where the task has one, is a process of
# its own. Neither the runner's modules nor the time limit decide what it answers, so that a change of them runs nothing again.
rule run_method:
    input:
        problems=f"{RESULTS}/data/{CELL}.npz",
        facts=f"{RESULTS}/data/{{experiment}}/{{dataset}}/facts.json",
        withheld=for_environment,
    output:
        estimate=f"{RESULTS}/runs/{RUN}/estimate.npz",
        record=f"{RESULTS}/runs/{RUN}/record.json",
    log:
        f"{LOGS}/{RUN}.log",
    wildcard_constraints:
        method=any_of(plan.methods(sees_truth=False)),
    priority: lambda wildcards: plan.priority_of(wildcards.experiment, wildcards.method)
    conda:
        "../../environment.yml"
    threads: plan.config.threads
    resources:
        gpu=lambda wildcards: int(plan.on_gpu(wildcards.experiment, wildcards.method)),
        time_limit=lambda wildcards: plan.time_limit_of(wildcards.experiment, wildcards.method),
        mem_mb=lambda wildcards, attempt: attempt * plan.memory_of(wildcards.experiment),
        runtime=lambda wildcards, attempt: attempt
        * plan.runtime_of(wildcards.experiment, wildcards.method),
    params:
        asked=lambda wildcards: plan.running_of(*names(wildcards)),
    message:
        "run {wildcards.method} on {wildcards.dataset}, {wildcards.noise}, seed {wildcards.seed}, for {wildcards.experiment}"
    script:
        "../scripts/run_method.py"


# Controls that say so, and they alone, are given what is withheld from all others.
use rule run_method as run_control with:
    input:
        problems=f"{RESULTS}/data/{CELL}-withheld.npz",
        facts=f"{RESULTS}/data/{{experiment}}/{{dataset}}/facts.json",
        withheld=for_environment,
    wildcard_constraints:
        method=any_of(plan.methods(sees_truth=True)),


# All methods at once: to start a process takes longer than most scores.
rule score:
    input:
        given=f"{RESULTS}/data/{CELL}.npz",
        withheld=f"{RESULTS}/data/{CELL}-withheld.npz",
        facts=f"{RESULTS}/data/{{experiment}}/{{dataset}}/facts.json",
        estimates=lambda wildcards: of_runs(plan.runs_of_cell(*names(wildcards)), "estimate.npz"),
        records=lambda wildcards: of_runs(plan.runs_of_cell(*names(wildcards)), "record.json"),
    output:
        scores=f"{RESULTS}/scores/{CELL}.csv",
        curves=f"{RESULTS}/scores/{CELL}-curves.csv",
    log:
        f"{LOGS}/{CELL}-scores.log",
    priority: of_experiment
    conda:
        "../../environment.yml"
    params:
        asked=lambda wildcards: [
            plan.scoring_of(run) for run in plan.runs_of_cell(*names(wildcards))
        ],
    message:
        "score {wildcards.dataset}, {wildcards.noise}, seed {wildcards.seed}, for {wildcards.experiment}"
    script:
        "../scripts/score.py"
