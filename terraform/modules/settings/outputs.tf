output "settings" {
  description = "The service's settings, by name."
  value = merge(
    local.settings,
    { for name, value in local.optional : name => value if value != null },
    var.extra,
  )
}
