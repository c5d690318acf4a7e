"""The running bot, put together and watched."""
