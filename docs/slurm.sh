#!/bin/bash
# One member's folds as an array job, a fold each, behind `dvc repro augment`: sbatch --array=0-4 docs/slurm.sh lite0
# The folder has to be one that all nodes see. When the array is done, `dvc commit -f train` takes what it made, and
# `dvc repro` runs the rest (specialize, review, vote, ensemble).
#SBATCH --job-name=foldvote
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=8
#SBATCH --mem=16G
#SBATCH --time=12:00:00
#SBATCH --output=data/slurm-%A-%a.log
#SBATCH --requeue
set -euo pipefail
cd "$SLURM_SUBMIT_DIR"
source .venv/bin/activate
export OMP_NUM_THREADS="$SLURM_CPUS_PER_TASK"
srun python -m pipelines.train "$1" "$SLURM_ARRAY_TASK_ID" # started again, it goes on behind its last whole epoch
