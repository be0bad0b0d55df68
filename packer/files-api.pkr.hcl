# Builds the machine image (AMI) of the service: Debian 13, as ansible/image.yml makes it. `make ami` runs this.

locals {
  debian_architecture = var.architecture == "arm64" ? "arm64" : "amd64"
  small_instance_type = var.architecture == "arm64" ? "t4g.small" : "t3.small"
  built_at            = formatdate("YYYY-MM-DD'T'hh:mm:ssZ", timestamp())
  # Sorts by time, and a build never meets the name of another one.
  name = "files-api-${var.service_version}-${var.architecture}-${formatdate("YYYYMMDDhhmmss", timestamp())}"

  tags = {
    Name         = local.name
    Project      = "files-api"
    Version      = var.service_version
    Commit       = var.commit
    Architecture = var.architecture
    BuiltAt      = local.built_at
    # What Packer knows of the image that this one began as.
    BaseImage     = "{{ .SourceAMI }}"
    BaseImageName = "{{ .SourceAMIName }}"
  }
}

source "amazon-ebs" "debian" {
  region          = var.region
  ami_name        = local.name
  ami_description = "Files API ${var.service_version} (${var.commit}) on Debian 13, ${var.architecture}"
  instance_type   = var.instance_type != "" ? var.instance_type : local.small_instance_type
  subnet_id       = var.subnet_id

  source_ami_filter {
    # https://wiki.debian.org/Cloud/AmazonEC2Image/Trixie: the account of Debian's cloud team. The newest one: all
    # packages are made current anyway, and which one it was stands in the tags.
    owners      = ["136693071363"]
    most_recent = true
    filters = {
      name                = "debian-13-${local.debian_architecture}-*"
      architecture        = var.architecture
      virtualization-type = "hvm"
      root-device-type    = "ebs"
    }
  }

  # begin: newer than Packer 1.6
  # Of the instance that builds.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  # Of every instance that is launched from the image, unless its launch says otherwise.
  imds_support = "v2.0"
  # SSH is open to this very machine alone, and for as long as the build takes.
  temporary_security_group_source_public_ip = true
  # end: newer than Packer 1.6

  launch_block_device_mappings {
    device_name           = "/dev/xvda"
    volume_type           = "gp3"
    volume_size           = 8
    iops                  = 3000
    throughput            = 125
    encrypted             = true
    delete_on_termination = true
  }

  communicator         = "ssh"
  ssh_username         = "admin"
  ssh_timeout          = "60s"
  ssh_host             = var.ssh_host
  ssh_private_key_file = var.ssh_private_key_file

  custom_endpoint_ec2 = var.ec2_endpoint

  tags          = local.tags
  snapshot_tags = local.tags
  run_tags = {
    Name    = "${local.name}-build"
    Project = "files-api"
  }
  run_volume_tags = {
    Name    = "${local.name}-build"
    Project = "files-api"
  }
}

build {
  sources = ["source.amazon-ebs.debian"]

  # It sets the machine up while SSH lets us in already. 2: it did, and has something to remark.
  provisioner "shell" {
    inline = ["cloud-init status --wait || [ $? -eq 2 ]"]
  }

  provisioner "ansible" {
    playbook_file    = "${path.root}/../ansible/image.yml"
    command          = "${path.root}/../.venv-tools/bin/ansible-playbook"
    user             = "admin"
    use_proxy        = false
    ansible_env_vars = ["ANSIBLE_CONFIG=${path.root}/../ansible/ansible.cfg", "ANSIBLE_NOCOLOR=1"]
    extra_arguments = [
      "--extra-vars",
      jsonencode(merge({
        files_api_commit        = var.commit
        ssm_agent_version       = var.ssm_agent_version
        ssm_agent_sha256        = var.ssm_agent_sha256[var.architecture]
        telemetry_agent_version = var.telemetry_agent_version
        telemetry_agent_sha256  = var.telemetry_agent_sha256[var.architecture]
      }, var.extra_ansible_variables)),
    ]
  }

  # Last: nobody can log in any more after that. /tmp, where the script is, is gone with the next boot.
  provisioner "shell" {
    script          = "${path.root}/seal.sh"
    execute_command = "sudo sh '{{ .Path }}'"
    skip_clean      = true
  }

  post-processor "manifest" {
    output     = var.manifest
    strip_path = true
  }
}
