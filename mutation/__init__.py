"""Mutation testing of the parts where a wrong answer would go unseen."""
