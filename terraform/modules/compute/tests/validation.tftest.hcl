# Each validation refuses what it is there for.

mock_provider "aws" {
  mock_data "aws_ssm_parameter" {
    defaults = {
      insecure_value = "ami-0123456789abcdef0"
    }
  }

  mock_data "aws_region" {
    defaults = {
      name = "eu-central-1"
    }
  }

  mock_data "aws_default_tags" {
    defaults = {
      tags = {
        ManagedBy = "terraform"
      }
    }
  }
}

variables {
  name                       = "files-api-dev"
  environment                = "dev"
  private_subnet_ids         = ["subnet-0a", "subnet-0b"]
  instance_security_group_id = "sg-0123"
  instance_profile_name      = "files-api-dev-instance"
  load_balancer_arn_suffix   = "app/files-api-dev/50dc6c495c0c9188"
  target_group_arns = {
    blue  = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/files-api-dev-blue/73e2d6bc24d8a067"
    green = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/files-api-dev-green/0f1e2d3c4b5a6978"
  }
  target_group_arn_suffixes = {
    blue  = "targetgroup/files-api-dev-blue/73e2d6bc24d8a067"
    green = "targetgroup/files-api-dev-green/0f1e2d3c4b5a6978"
  }
  fleets                         = { blue = { min_size = 2, max_size = 6 } }
  architectures                  = ["x86_64"]
  instance_types                 = { x86_64 = ["m7i.large"] }
  settings                       = { FILES_API_BUCKET = "files", PORT = "8000" }
  requests_per_target_per_minute = 3000
  rollback_alarm_names           = ["files-api-dev-rollback"]
}

run "refuses_a_name_with_capitals" {
  command = plan

  variables {
    name = "Files"
  }

  expect_failures = [var.name]
}

run "refuses_an_environment_with_a_hyphen" {
  command = plan

  variables {
    environment = "dev-1"
  }

  expect_failures = [var.environment]
}

run "refuses_a_single_subnet" {
  command = plan

  variables {
    private_subnet_ids = ["subnet-0a"]
  }

  expect_failures = [var.private_subnet_ids]
}

run "refuses_a_network_load_balancer" {
  command = plan

  variables {
    load_balancer_arn_suffix = "net/files-api-dev/50dc6c495c0c9188"
  }

  expect_failures = [var.load_balancer_arn_suffix]
}

run "refuses_no_fleet" {
  command = plan

  variables {
    fleets = {}
  }

  expect_failures = [var.fleets]
}

run "refuses_a_fleet_of_another_colour" {
  command = plan

  variables {
    fleets = { red = { min_size = 1, max_size = 2 } }
  }

  expect_failures = [var.fleets]
}

run "refuses_more_at_least_than_at_most" {
  command = plan

  variables {
    fleets = { blue = { min_size = 3, max_size = 2 } }
  }

  expect_failures = [var.fleets]
}

run "refuses_a_fleet_without_a_target_group" {
  command = plan

  variables {
    fleets                    = { green = { min_size = 1, max_size = 2 } }
    target_group_arn_suffixes = { blue = "targetgroup/files-api-dev-blue/73e2d6bc24d8a067" }
  }

  expect_failures = [var.fleets]
}

run "refuses_an_unknown_architecture" {
  command = plan

  variables {
    architectures  = ["riscv"]
    instance_types = { riscv = ["m7i.large"] }
  }

  expect_failures = [var.architectures]
}

run "refuses_an_architecture_twice" {
  command = plan

  variables {
    architectures          = ["x86_64", "x86_64"]
    enable_mixed_instances = true
  }

  expect_failures = [var.architectures]
}

run "refuses_an_architecture_without_types" {
  command = plan

  variables {
    architectures          = ["x86_64", "arm64"]
    enable_mixed_instances = true
  }

  expect_failures = [var.instance_types]
}

run "refuses_a_graviton_type_for_x86" {
  command = plan

  variables {
    instance_types = { x86_64 = ["m7g.large"] }
  }

  expect_failures = [var.instance_types]
}

run "refuses_an_intel_type_for_arm" {
  command = plan

  variables {
    architectures  = ["arm64"]
    instance_types = { arm64 = ["m7i.large"] }
  }

  expect_failures = [var.instance_types]
}

run "refuses_what_is_no_type" {
  command = plan

  variables {
    instance_types = { x86_64 = ["large"] }
  }

  expect_failures = [var.instance_types]
}

run "refuses_two_types_without_mixed_instances" {
  command = plan

  variables {
    instance_types = { x86_64 = ["m7i.large", "m6i.large"] }
  }

  expect_failures = [var.enable_mixed_instances]
}

run "refuses_two_architectures_without_mixed_instances" {
  command = plan

  variables {
    architectures  = ["x86_64", "arm64"]
    instance_types = { x86_64 = ["m7i.large"], arm64 = ["m7g.large"] }
  }

  expect_failures = [var.enable_mixed_instances]
}

run "refuses_more_spot_than_all" {
  command = plan

  variables {
    enable_mixed_instances = true
    spot_percentage        = 101
  }

  expect_failures = [var.spot_percentage]
}

run "refuses_spot_without_mixed_instances" {
  command = plan

  variables {
    spot_percentage = 50
  }

  expect_failures = [var.spot_percentage]
}

run "refuses_a_disk_that_is_too_small" {
  command = plan

  variables {
    root_volume_gib = 4
  }

  expect_failures = [var.root_volume_gib]
}

run "refuses_a_setting_in_small_letters" {
  command = plan

  variables {
    settings = { files_api_bucket = "files" }
  }

  expect_failures = [var.settings]
}

run "refuses_an_empty_setting" {
  command = plan

  variables {
    settings = { FILES_API_CORS_ORIGINS = "" }
  }

  expect_failures = [var.settings]
}

run "refuses_a_setting_of_two_lines" {
  command = plan

  variables {
    settings = { FILES_API_BUCKET = "a\nPORT=1" }
  }

  expect_failures = [var.settings]
}

run "refuses_a_setting_that_refers_to_another_parameter" {
  command = plan

  variables {
    settings = { FILES_API_BUCKET = "{{resolve}}" }
  }

  expect_failures = [var.settings]
}

run "refuses_a_secret_among_the_settings" {
  command = plan

  variables {
    settings = { OPENAI_API_KEY = "sk-…" }
  }

  expect_failures = [var.settings]
}

run "refuses_no_requests" {
  command = plan

  variables {
    requests_per_target_per_minute = 0
  }

  expect_failures = [var.requests_per_target_per_minute]
}

run "refuses_all_of_the_cpu" {
  command = plan

  variables {
    cpu_target_percent = 100
  }

  expect_failures = [var.cpu_target_percent]
}

run "refuses_a_warm_pool_of_mixed_instances" {
  command = plan

  variables {
    enable_warm_pool       = true
    enable_mixed_instances = true
  }

  expect_failures = [var.enable_warm_pool]
}

run "refuses_eleven_alarms" {
  command = plan

  variables {
    rollback_alarm_names = [for number in range(11) : "alarm-${number}"]
  }

  expect_failures = [var.rollback_alarm_names]
}

run "refuses_checkpoints_that_descend" {
  command = plan

  variables {
    refresh_checkpoint_percentages = [50, 20, 100]
  }

  expect_failures = [var.refresh_checkpoint_percentages]
}

run "refuses_checkpoints_that_leave_old_instances" {
  command = plan

  variables {
    refresh_checkpoint_percentages = [25, 50]
  }

  expect_failures = [var.refresh_checkpoint_percentages]
}

run "refuses_no_checkpoints" {
  command = plan

  variables {
    refresh_checkpoint_percentages = []
  }

  expect_failures = [var.refresh_checkpoint_percentages]
}

run "refuses_a_checkpoint_of_three_days" {
  command = plan

  variables {
    refresh_checkpoint_delay_seconds = 259200
  }

  expect_failures = [var.refresh_checkpoint_delay_seconds]
}

run "refuses_a_lifetime_of_half_a_day" {
  command = plan

  variables {
    max_instance_lifetime_days = 0.5
  }

  expect_failures = [var.max_instance_lifetime_days]
}

run "refuses_a_parameter_that_holds_no_image" {
  command = plan

  override_data {
    target = data.aws_ssm_parameter.ami
    values = {
      insecure_value = "none-yet"
    }
  }

  expect_failures = [data.aws_ssm_parameter.ami]
}
