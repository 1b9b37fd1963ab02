"""What every package stands on: files that appear whole, work spread over workers, what interrupted runs remember."""
