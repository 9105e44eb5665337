"""Prints template.yaml as CloudFormation gets it, as JSON: SAM's own translator, without a network.

Arguments: the template, then parameters as NAME=VALUE, for those that have no default or another.
"""

import json
import sys

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

with open(sys.argv[1], encoding="utf-8") as file:
    template = yaml_parse(file.read())
for name, resource in template["Resources"].items():
    if resource["Type"] == "AWS::Serverless::Function":
        # Where `sam package` has put it.
        resource["Properties"]["CodeUri"] = "s3://code/" + name
parameters = {name: one.get("Default") for name, one in template["Parameters"].items()}
parameters.update(argument.split("=", 1) for argument in sys.argv[2:])
session = boto3.Session(region_name="eu-west-1")
print(json.dumps(Translator({}, Parser(), boto_session=session).translate(template, parameters)))
