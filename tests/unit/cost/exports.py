"""Bills in the forms in which AWS exports them, by AWS's documented column names: one month of a small shop."""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

LEGACY = {
    "line_item_line_item_type": "lineItem/LineItemType",
    "line_item_product_code": "lineItem/ProductCode",
    "line_item_usage_type": "lineItem/UsageType",
    "line_item_operation": "lineItem/Operation",
    "line_item_usage_amount": "lineItem/UsageAmount",
    "line_item_unblended_cost": "lineItem/UnblendedCost",
    "line_item_line_item_description": "lineItem/LineItemDescription",
    "line_item_currency_code": "lineItem/CurrencyCode",
    "pricing_public_on_demand_cost": "pricing/publicOnDemandCost",
    "reservation_effective_cost": "reservation/EffectiveCost",
    "savings_plan_savings_plan_effective_cost": "savingsPlan/SavingsPlanEffectiveCost",
    "product_region_code": "product/region",
}
"""The columns of CUR 2.0, and what legacy CUR calls them."""


class Row(NamedTuple):
    """A line of a report."""

    kind: str
    product: str
    usage_type: str
    operation: str
    usage: str
    cost: str
    description: str = ""
    currency: str = "USD"
    list_cost: str = ""
    reserved: str = ""
    plan: str = ""
    region: str = ""


SHOP = [
    Row("Usage", "AmazonEC2", "BoxUsage:t3.medium", "RunInstances", "744", "30.9504", list_cost="30.9504"),
    Row("Usage", "AmazonEC2", "BoxUsage:t3.medium", "RunInstances", "744", "30.9504", list_cost="30.9504"),
    Row("Usage", "AmazonEC2", "EUC1-NatGateway-Hours", "NatGateway", "744", "38.688", list_cost="38.688"),
    Row("Usage", "AmazonEC2", "USE1-EBS:VolumeUsage.gp3", "CreateVolume-Gp3", "60", "4.80", list_cost="4.80"),
    Row("Usage", "AmazonEC2", "USE1-SpotUsage:m5.large", "RunInstances:SV001", "100", "3.10"),
    Row("Usage", "AmazonRDS", "USE1-InstanceUsage:db.r7g.xl", "CreateDBInstance:0002", "744", "355.632"),
    Row("Usage", "AmazonRDS", "USE1-RDS:Multi-AZ-GP3-Storage", "CreateDBInstance:0002", "100", "23.00"),
    Row("Usage", "AWSELB", "LoadBalancerUsage", "LoadBalancing:Application", "744", "16.74"),
    Row("Usage", "AWSELB", "LCUUsage", "LoadBalancing:Application", "100", "0.80"),
    Row("Usage", "AmazonEKS", "USE1-AmazonEKS-Hours:perCluster", "CreateOperation", "744", "74.40"),
    Row("Usage", "AmazonEKS", "USE1-AmazonEKS-Hours:extendedSupport", "ExtendedSupport", "744", "372.00"),
    Row("Usage", "AWSLambda", "Lambda-GB-Second-ARM", "", "400000", "0", "AWS Lambda - Compute Free Tier - 400,000 GB"),
    Row("Usage", "AWSLambda", "Lambda-GB-Second-ARM", "", "100000", "1.33334"),
    Row("Usage", "AmazonS3", "TimedStorage-ByteHrs", "StandardStorage", "500", "11.50"),
    Row("Usage", "AmazonCloudFront", "EU-DataTransfer-Out-Bytes", "GET", "100", "8.50"),
    Row("Usage", "AmazonCloudWatch", "USE1-CW:AlarmMonitorUsage", "Unknown", "20", "1.60", list_cost="2.00"),
    Row("Usage", "AmazonRoute53", "DNS-Queries", "A", "1000000", "0.40"),
    Row("Usage", "AmazonSNS", "DeliveryAttempts-HTTP", "Publish", "10", "0"),
    Row("DiscountedUsage", "AmazonEC2", "BoxUsage:m5.large", "RunInstances", "744", "0", reserved="44.64"),
    Row("RIFee", "AmazonEC2", "HeavyUsage:m5.large", "RunInstances", "744", "44.64"),
    Row("SavingsPlanCoveredUsage", "AmazonECS", "USE1-Fargate-vCPU-Hours:perCPU", "", "744", "30.11712", plan="24.09"),
    Row("SavingsPlanNegation", "AmazonECS", "USE1-Fargate-vCPU-Hours:perCPU", "", "0", "-30.11712"),
    Row("SavingsPlanRecurringFee", "ComputeSavingsPlans", "ComputeSP:1yrNoUpfront", "", "744", "24.09"),
    Row("EdpDiscount", "AmazonEC2", "BoxUsage:t3.medium", "RunInstances", "0", "-5.57"),
    Row("Credit", "AmazonEC2", "BoxUsage:t3.medium", "", "0", "-10.00"),
    Row("Tax", "AmazonEC2", "", "", "0", "20.00"),
]
"""October of a small shop: 744 hours, list prices, a wrong one, a reservation, a savings plan, a discount, a tax."""


def as_csv(rows: list[Row], *, legacy: bool = False) -> str:
    """Return a Cost and Usage Report."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(LEGACY.values() if legacy else LEGACY)
    writer.writerows(rows)
    return file.getvalue()
