// Expense claims that trust whoever reaches them.
//
// There is no sign-in and no permission check in this file: the gateway in front decides who may do what,
// and says in `x-user-id` and `x-user-roles` on whose behalf a request comes.
import express from "express";

import { firstExpenses } from "./expenses.js";

const expenses = new Map(firstExpenses().map((expense) => [expense.id, expense]));
let requests = 0;
let created = 0;

const app = express();
app.use(express.json());
app.use((_request, _response, next) => {
  requests += 1;
  next();
});

app.get("/health", (_request, response) => response.json({ status: "ok" }));

app.get("/api/me", (request, response) => {
  const roles = request.get("x-user-roles") ?? "";
  response.json({ id: request.get("x-user-id"), roles: roles.split(",").filter(Boolean) });
});

app.get("/api/expenses", (_request, response) => response.json([...expenses.values()]));

app.post("/api/expenses", (request, response) => {
  created += 1;
  const { vendor, amount, region } = request.body ?? {};
  const expense = {
    id: `new${created}`,
    ownerId: request.get("x-user-id") ?? "",
    vendor,
    amount,
    region,
    status: "OPEN",
    createdAt: new Date().toISOString(),
    approvedBy: null,
  };
  expenses.set(expense.id, expense);
  response.status(201).json({ expense });
});

app.param("id", (request, response, next, id) => {
  request.expense = expenses.get(id);
  if (request.expense) return next();
  response.status(404).json({ error: "no such expense" });
});

app.get("/api/expenses/:id", (request, response) => response.json({ expense: request.expense }));

app.patch("/api/expenses/:id", (request, response) => {
  const { vendor, amount, region } = request.body ?? {};
  for (const [name, value] of Object.entries({ vendor, amount, region })) {
    if (value !== undefined) request.expense[name] = value;
  }
  response.json({ expense: request.expense });
});

app.delete("/api/expenses/:id", (request, response) => {
  expenses.delete(request.expense.id);
  response.json({ deleted: request.expense.id });
});

app.post("/api/expenses/:id/approve", settle("APPROVED"));
app.post("/api/expenses/:id/reject", settle("REJECTED"));

app.get("/api/_/usage", (_request, response) => response.json({ requests }));

app.post("/api/_/usage/reset", (_request, response) => {
  requests = 0;
  response.json({ requests });
});

const port = Number(process.env.PORT ?? 8000);
app.listen(port, "127.0.0.1", () => console.log(`expenses on http://127.0.0.1:${port}`));

function settle(status) {
  return (request, response) => {
    request.expense.status = status;
    request.expense.approvedBy = request.get("x-user-id") ?? "";
    response.json({ expense: request.expense });
  };
}
