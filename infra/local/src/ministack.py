# ministack, with mail to the subscribers of a topic.
#
# By itself it lets mail addresses subscribe but sends them nothing. Here what SNS would mail is
# kept where SES keeps its mail, readable at /_ministack/ses/messages, after the same filter
# policies and in the same form for the protocol as every other delivery.

from ministack.app import main
from ministack.services import ses, sns

# As many mails as are kept.
KEPT = 1000

deliver = sns._fanout


def deliver_with_mail(topic_arn, msg_id, message, subject, message_structure="", message_attributes=None, *more, **named):
    deliver(topic_arn, msg_id, message, subject, message_structure, message_attributes, *more, **named)
    topic = sns._topic_by_arn_any_scope(topic_arn)
    for sub in topic["subscriptions"] if topic else []:
        if sub["protocol"] != "email" or not sub.get("confirmed"):
            continue
        text = sns._resolve_message_for_protocol(message, message_structure, "email")
        if sns._matches_filter_policy(sub, message_attributes or {}, text):
            ses._record_send("no-reply@sns.amazonaws.com", [sub["endpoint"]], subject=subject, body_text=text, type_name="SNS")
    del ses._sent_emails_list()[:-KEPT]


sns._fanout = deliver_with_mail
main()
