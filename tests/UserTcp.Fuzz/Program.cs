using UserTcp.Fuzz;

return Commands.Run(args);
