from celery import shared_task

from jobs import services
from jobs.pulses import pulse


@shared_task
def run_job(job_id):
    services.run(job_id)


@shared_task
def sweep():
    with pulse("sweep"):
        services.sweep()
