from celery import shared_task

from jobs import services


@shared_task
def run_job(job_id):
    services.run(job_id)


@shared_task
def sweep():
    services.sweep()
