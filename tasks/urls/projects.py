"""党建+: /tasks/plus/…"""

from django.urls import path

from tasks.views import plus, plus_forms, plus_papers

urlpatterns = [
    path("plus/", plus.plus_page, name="plus"),
    path("plus/paper/", plus_papers.plus_paper, name="plus_paper"),
    path("plus/carry/", plus_forms.plus_carry, name="plus_carry"),
    path("plus/items/new/", plus_forms.plus_item_new, name="plus_item_new"),
    path("plus/items/<int:pk>/", plus_forms.plus_item_change, name="plus_item_change"),
    path("plus/items/<int:pk>/result/", plus_forms.plus_item_result, name="plus_item_result"),
    path("plus/items/<int:pk>/drop/", plus_forms.plus_item_drop, name="plus_item_drop"),
    path("plus/items/<int:pk>/restore/", plus_forms.plus_item_restore, name="plus_item_restore"),
    path("plus/<int:pk>/publish/", plus_forms.plus_publish, name="plus_publish"),
    path("plus/<int:pk>/notice/", plus_papers.plus_notice, name="plus_notice"),
    path("plus/<int:pk>/review/", plus_forms.plus_review, name="plus_review"),
    path("plus/<int:pk>/comment/", plus_forms.plus_comment, name="plus_comment"),
]
